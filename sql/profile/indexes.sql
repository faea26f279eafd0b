-- Every index of our tables: what it is made of, whether a constraint needs it, how often it was read and how large it is.
select t.relname as "table", i.relname as name, pg_get_indexdef(i.oid) as definition, x.indisunique as "unique", 
	x.indisvalid or exists (select from pg_stat_progress_create_index p where p.index_relid = i.oid) as valid,
	exists (select from pg_constraint k where k.conindid = i.oid) as "constraint", coalesce(s.idx_scan, 0) as scans,
	pg_relation_size(i.oid) as bytes, coalesce(pg_get_expr(x.indpred, x.indrelid), '') as predicate,
	(select string_agg(pg_get_indexdef(i.oid, n, true) || ' ' || x.indclass[n - 1]::text || ' ' || x.indoption[n - 1]::text, ', ' order by n)
		from generate_series(1, x.indnkeyatts) n) || case when a.amname = 'btree' then '' else ' ' || a.amname end
		|| case when x.indnatts > x.indnkeyatts then ' include ' || (select string_agg(pg_get_indexdef(i.oid, n, true), ', ' order by n)
			from generate_series(x.indnkeyatts + 1, x.indnatts) n) else '' end as keys
from pg_index x
join pg_class i on i.oid = x.indexrelid
join pg_am a on a.oid = i.relam
join pg_class t on t.oid = x.indrelid
left join pg_stat_user_indexes s on s.indexrelid = i.oid
where t.relnamespace = 'public'::regnamespace
order by t.relname, i.relname
