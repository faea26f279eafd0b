-- $4: suppressed, cancelled or failed, $5: why, $6: now.
update outreach_mail
set state = $4::text, reason = $5::text, held = null, finished_at = $6::timestamptz
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and state = 'planned'
