-- Every table of ours: live and dead rows, what changed since the planner looked, its size, and what its rows should take (24 bytes of head, 4 of
-- pointer and the average widths that analyze found, rounded up to 8, at a fill of 90 %).
select t.relname as name, coalesce(s.n_live_tup, 0) as rows, coalesce(s.n_dead_tup, 0) as dead, coalesce(s.n_mod_since_analyze, 0) as changed,
	t.reltuples as planned, pg_relation_size(t.oid) as bytes,
	coalesce(((24 + 4 + ceil(widths.bytes / 8) * 8) * coalesce(s.n_live_tup, 0) / 0.9)::bigint, 0) as expected,
	coalesce((select option_value::float8 from pg_options_to_table(t.reloptions) where option_name = 'autovacuum_vacuum_scale_factor'),
		current_setting('autovacuum_vacuum_scale_factor')::float8) as scale,
	(select json_agg(attname order by attnum) from pg_attribute where attrelid = t.oid and attnum > 0 and not attisdropped) as columns
from pg_class t
left join pg_stat_user_tables s on s.relid = t.oid
left join lateral (
	select sum(avg_width * (1 - null_frac)) as bytes from pg_stats where schemaname = 'public' and tablename = t.relname
) widths on true
where t.relkind = 'r' and t.relnamespace = 'public'::regnamespace
order by t.relname
