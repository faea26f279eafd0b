-- Good and bad requests by kind and key in windows of so many seconds (observe/burn.h). $1 kind, class or route, or null: both; $2 the windows.
-- "offset 0": as in read.sql.
select s.kind, s.key, w.seconds, max(s.class) as class, sum(s.count)::bigint as "all", sum(least(s.count, s.slow + s.failed)) as bad
from unnest($2::int[]) w (seconds), lateral observe_pieces(w.seconds, 86400) p,
	lateral (select * from observe_sample where step = p.step and at >= p.begins and at < p.ends offset 0) s
where s.kind in ('class', 'route') and ($1::text is null or s.kind = $1)
group by s.kind, s.key, w.seconds
order by s.kind, s.key, w.seconds
