-- For the command: the newest first. $1 organisation, $2 type or a group's "member.%", each NULL for all, $3 rows.
select coalesce(position::text, '-') as position, at, org_id, id, live, type, actor_kind, actor_id, entity, entity_id
from event
where ($1::uuid is null or org_id = $1::uuid) and ($2::text is null or type like $2::text)
order by at desc, seq desc
limit $3::int
