-- The last 14 days (UTC): each type of event that there was, with its number on each day, oldest first.
select k.type, sum(coalesce(d.count, 0))::bigint as total, string_agg(coalesce(d.count, 0)::text, ' ' order by x.day) as counts,
	max(d.count) as most, min(x.day)::date::text as first, max(x.day)::date::text as last
from (
	select distinct type from event_daily
	where org_id = $1::uuid and live = $2::boolean and day > (now() at time zone 'UTC')::date - 14 and count > 0
) k
cross join generate_series((now() at time zone 'UTC')::date - 13, (now() at time zone 'UTC')::date, interval '1 day') as x (day)
left join event_daily d on d.org_id = $1::uuid and d.live = $2::boolean and d.day = x.day::date and d.type = k.type
group by k.type
order by total desc, k.type
