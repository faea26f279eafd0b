-- $1 the consumer's position, $2 rows.
select org_id, id, live, at, actor_kind, actor_id, entity, entity_id, type, payload, schema_version, position
from event
where position > $1::bigint
order by position
limit $2::int
