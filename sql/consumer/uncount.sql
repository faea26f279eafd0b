-- Takes the events of positions $1 (without) to $2 (with) out of their days again; those passed over were never in.
update event_daily d
set count = d.count - n.count
from (
	select e.org_id, e.live, (e.at at time zone 'UTC')::date as day, e.type, count(*) as count
	from event e
	where e.position > $1::bigint and e.position <= $2::bigint and not exists (
		select from event_skipped s where s.org_id = e.org_id and s.event_id = e.id and s.consumer = 'activity'
	)
	group by 1, 2, 3, 4
) n
where d.org_id = n.org_id and d.live = n.live and d.day = n.day and d.type = n.type
