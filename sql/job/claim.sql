-- The due job that goes first, for a worker that knows the kinds $1. $2 worker, $3 lease in ms. Each queue is its own
-- index scan, so that jobs that wait for a later time are never read.
with due as materialized (
	select first.id
	from (values (0::smallint), (1), (2)) queues (queue)
	cross join lateral (
		select id from job
		where state = 'waiting' and queue = queues.queue and run_at <= now() and kind = any ($1::text[])
		order by run_at, id
		limit 1
		for update skip locked
	) first
	limit 1
)
update job
set state = 'running', attempt = attempt + 1, worker = $2, started_at = now(), leased_until = now() + $3::int * interval '1 ms'
from due
where job.id = due.id
returning job.id, job.org_id, job.kind, job.payload, job.attempt, job.attempts
