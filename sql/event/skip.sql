-- $1 consumer, $2 the event's position, $3 code, $4 message.
insert into event_skipped (org_id, event_id, consumer, position, code, message)
select e.org_id, e.id, $1::text, e.position, $3, $4
from event e
where e.position = $2::bigint
on conflict (org_id, event_id, consumer) do update set code = excluded.code, message = excluded.message, at = now()
