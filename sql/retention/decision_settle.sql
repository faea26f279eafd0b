update decision
set status = $4::text, status_reason = $5::text, effect = $6::jsonb, saved_minor = $7::bigint, settled_at = clock_timestamp()
where org_id = $1::uuid and live = $2::boolean and session_id = $3::uuid and status = 'pending'
returning session_id
