-- $1 consumer, NULL for all.
select s.consumer, s.position, s.org_id, s.event_id, e.type, s.code, s.message, s.at
from event_skipped s
join event e on e.org_id = s.org_id and e.id = s.event_id
where $1::text is null or s.consumer = $1::text
order by s.consumer, s.position
limit 1000
