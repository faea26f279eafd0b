-- Lines for what the house and customers did at positions $1 (without) to $2 (with), but for types that leave one with the change ($3). The
-- event's id is the line's, so each comes once.
insert into audit_log (org_id, id, at, actor_kind, actor_id, action, entity, entity_id, after)
select org_id, id, at, actor_kind, actor_id, type, entity, entity_id, payload
from event
where position > $1::bigint and position <= $2::bigint and actor_kind in ('system', 'customer') and type <> all ($3::text[])
on conflict (org_id, id) do nothing
