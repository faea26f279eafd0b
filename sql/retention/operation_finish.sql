update stripe_operation
set state = $5::text, http_status = $6::int, request_ref = $7::text, error = $8::text, finished_at = now()
where org_id = $1::uuid and live = $2::boolean and session_id = $3::uuid and number = $4::int and state = 'sent'
