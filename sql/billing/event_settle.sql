update stripe_event
set state = $4::text, reason = left($5::text, 500), processed_at = now()
where org_id = $1::uuid and live = $2::boolean and id = $3::text
