-- Gives the next positions to what has been committed since. Positions grow over everything that was ever read, also when it has been
-- swept since.
with head as (
	select coalesce(greatest((select max(position) from event), (select max(reached) from event_consumer)), 0) as last
), fresh as (
	select org_id, id, row_number() over (order by seq) as number
	from (select org_id, id, seq from event where position is null order by seq limit 5000) unordered
)
update event
set position = head.last + fresh.number
from fresh, head
where event.org_id = fresh.org_id and event.id = fresh.id
