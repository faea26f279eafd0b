-- Good and bad requests by kind and key in the windows of burn rates (observe/burn.h). $1 kind, class or route, or null: both. The last hours by their minutes, days by hours.
with minutes as (
	select * from observe_sample where step = 60 and kind in ('class', 'route') and ($1::text is null or kind = $1) and at > now() - interval '6 hours'
), hours as (
	select * from observe_sample where step = 3600 and kind in ('class', 'route') and ($1::text is null or kind = $1) and at > now() - interval '30 days'
	union all
	select * from observe_sample
	where step = 60 and kind in ('class', 'route') and ($1::text is null or kind = $1)
		and at >= (select coalesce(max(at) + interval '1 hour', '-infinity') from observe_sample where step = 3600 and at > now() - interval '2 days')
), recent as (
	select kind, key, max(class) as class,
		sum(count) filter (where at > now() - interval '5 minutes') as all_5m, sum(least(count, slow + failed)) filter (where at > now() - interval '5 minutes') as bad_5m,
		sum(count) filter (where at > now() - interval '30 minutes') as all_30m, sum(least(count, slow + failed)) filter (where at > now() - interval '30 minutes') as bad_30m,
		sum(count) filter (where at > now() - interval '1 hour') as all_1h, sum(least(count, slow + failed)) filter (where at > now() - interval '1 hour') as bad_1h,
		sum(count) as all_6h, sum(least(count, slow + failed)) as bad_6h
	from minutes group by kind, key
), days as (
	select kind, key, max(class) as class,
		sum(count) filter (where at > now() - interval '3 days') as all_3d, sum(least(count, slow + failed)) filter (where at > now() - interval '3 days') as bad_3d,
		sum(count) as all_30d, sum(least(count, slow + failed)) as bad_30d
	from hours group by kind, key
)
select kind, key, coalesce(d.class, r.class) as class,
	coalesce(all_5m, 0)::bigint as all_5m, coalesce(bad_5m, 0)::double precision as bad_5m, coalesce(all_30m, 0)::bigint as all_30m, coalesce(bad_30m, 0)::double precision as bad_30m,
	coalesce(all_1h, 0)::bigint as all_1h, coalesce(bad_1h, 0)::double precision as bad_1h, coalesce(all_6h, 0)::bigint as all_6h, coalesce(bad_6h, 0)::double precision as bad_6h,
	coalesce(all_3d, 0)::bigint as all_3d, coalesce(bad_3d, 0)::double precision as bad_3d, coalesce(all_30d, 0)::bigint as all_30d, coalesce(bad_30d, 0)::double precision as bad_30d
from days d full join recent r using (kind, key)
order by kind, key
