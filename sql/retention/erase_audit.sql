update audit_log
set actor_id = $3::text, address = null, agent = null
where org_id = $1::uuid and actor_kind = 'customer' and actor_id = $2::text and (after ->> 'live')::boolean = $4::boolean
