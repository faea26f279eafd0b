-- Adds the events of positions $1 (without) to $2 (with) to their days.
insert into event_daily (org_id, live, day, type, count)
select org_id, live, (at at time zone 'UTC')::date, type, count(*)
from event
where position > $1::bigint and position <= $2::bigint
group by 1, 2, 3, 4
on conflict (org_id, live, day, type) do update set count = event_daily.count + excluded.count
