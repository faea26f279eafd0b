-- $2: the cursor. Newest first.
select l.id, l.at, l.actor_kind as "actorKind", l.actor_id as "actorId", l.action, l.entity, l.entity_id as "entityId",
	l.before, l.after, l.address, l.agent, l.request_id as "requestId"
from audit_log l
where l.org_id = $1::uuid and ($2::uuid is null or l.id < $2::uuid) and ($3::text is null or l.action = $3)
order by l.id desc
limit $4::int + 1
