-- One row a queue, for the gauges.
select queues.queue,
	(select count(*) from job where state = 'waiting' and queue = queues.queue) as waiting,
	coalesce((select extract(epoch from now() - run_at)::bigint from job where state = 'waiting' and queue = queues.queue
		and run_at <= now() order by run_at, id limit 1), 0) as oldest_s,
	(select count(*) from job where state = 'dead' and queue = queues.queue) as dead
from (values (0::smallint), (1), (2)) queues (queue)
order by queues.queue
