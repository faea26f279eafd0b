-- One row a queue, for the gauges. Of each kind and of the dead at most 10,000 are counted: so that it is read from an index, in moments.
with recursive kinds as (
	(select kind from job where state = 'waiting' order by kind limit 1)
	union all
	select (select kind from job where state = 'waiting' and kind > kinds.kind order by kind limit 1) from kinds where kinds.kind is not null
), waiting as (
	select found.queue, count(*) as waiting, count(*) filter (where found.run_at <= now()) as due, min(found.run_at) as oldest
	from kinds
	cross join lateral (
		select queue, run_at from job where state = 'waiting' and kind = kinds.kind order by run_at, id limit 10000
	) found
	group by found.queue
), running as (
	select queue, count(*) as running from job where state = 'running' group by queue
)
select queues.queue, coalesce(waiting.waiting, 0) as waiting, coalesce(waiting.due, 0) as due, coalesce(running.running, 0) as running,
	coalesce(greatest(extract(epoch from now() - waiting.oldest), 0)::bigint, 0) as oldest_s,
	(select count(*) from (select from job where state = 'dead' and queue = queues.queue limit 10000) counted) as dead
from (values (0::smallint), (1), (2)) queues (queue)
left join waiting using (queue)
left join running using (queue)
order by queues.queue
