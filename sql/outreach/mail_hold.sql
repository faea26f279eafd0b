-- $4: until when (Unix time), $5: why.
update outreach_mail
set due_at = to_timestamp($4::bigint), held = $5::text
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and state = 'planned'
