-- What the number of workers is decided by: $1 kinds, $2 their queues, $3 their limits, $4 how many of each are counted at most, $5 this
-- machine. One row a queue. What is paused or at its limit is left out. Cheap however much waits: it reads the index to the limit.
with found as (
	select known.queue, due.run_at
	from unnest($1::text[], $2::smallint[], $3::int[], $4::int[]) known (kind, queue, at_once, most)
	cross join lateral (
		select run_at from job where state = 'waiting' and job.kind = known.kind and run_at <= now() order by run_at, id limit known.most
	) due
	where not exists (select from job_pause where job_pause.kind = known.kind or job_pause.queue = known.queue)
		and (known.at_once = 0 or known.at_once > (select count(*) from job where state = 'running' and job.kind = known.kind))
)
select queues.queue, count(found.run_at) as due, (extract(epoch from now() - min(found.run_at)) * 1000000)::bigint as oldest_us,
	(select count(*) from job where state = 'running' and started_at is not null and starts_with(worker, $5 || ':')) as running,
	(select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int - sum(numbackends)
		from pg_stat_database) as room
from (values (0::smallint), (1), (2)) queues (queue)
left join found using (queue)
group by queues.queue
order by queues.queue
