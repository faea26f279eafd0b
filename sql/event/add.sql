-- Tells whether the organisation has an endpoint that wants to be woken.
with fresh as (
	insert into event (org_id, id, live, actor_kind, actor_id, entity, entity_id, type, payload, schema_version)
	values ($1::uuid, $2::uuid, $3::boolean, $4, $5, $6, $7, $8, $9::jsonb, $10::int)
)
select exists (
	select from webhook_endpoint w where w.org_id = $1::uuid and w.live = $3::boolean and w.enabled
) as wanted
