-- Tells whether the organisation has an endpoint that wants to be woken, and whether nobody has asked yet for the other consumers to be:
-- not by a unique key, at which writers would wait for each other's commits.
with fresh as (
	insert into event (org_id, id, live, actor_kind, actor_id, entity, entity_id, type, payload, schema_version)
	values ($1::uuid, $2::uuid, $3::boolean, $4, $5, $6, $7, $8, $9::jsonb, $10::int)
)
select exists (
	select from webhook_endpoint w where w.org_id = $1::uuid and w.live = $3::boolean and w.enabled
) as wanted, not exists (
	select from job where kind = 'event.wake' and state = 'waiting'
) as asleep
