-- The server's settings in bytes, what was found in shared_buffers, since when its statistics count, and whether it is on this machine. Statistics
-- that were never reset count since our first migration.
select (select setting::bigint * 8192 from pg_settings where name = 'shared_buffers') as shared_buffers,
	(select setting::bigint * 8192 from pg_settings where name = 'effective_cache_size') as effective_cache_size,
	(select setting::bigint * 1024 from pg_settings where name = 'work_mem') as work_mem,
	current_setting('random_page_cost')::float8 as random_page_cost, current_setting('hash_mem_multiplier')::float8 as hash_mem_multiplier,
	current_setting('max_connections')::int as max_connections,
	current_setting('superuser_reserved_connections')::int as reserved,
	(select count(*) from pg_stat_activity where backend_type = 'client backend') as backends,
	d.blks_hit as hits, d.blks_read as reads, pg_database_size(current_database()) as database,
	extract(epoch from now() - coalesce(d.stats_reset, (select min(applied_at) from schema_migration)))::bigint as age_s,
	coalesce(inet_server_addr() <<= '127.0.0.0/8' or inet_server_addr() = '::1', true) as here
from pg_stat_database d
where d.datname = current_database()
