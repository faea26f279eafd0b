update event
set payload = payload || jsonb_build_object('customer', $4::text),
	actor_id = case when actor_kind = 'customer' and actor_id = $3::text then $4::text else actor_id end
where org_id = $1::uuid and live = $2::boolean and payload ->> 'customer' = $3::text
