-- $4: the mail of the outbox, $5: now.
update outreach_mail
set state = 'queued', mail_id = $4::uuid, handed_at = $5::timestamptz, held = null
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and state = 'planned'
