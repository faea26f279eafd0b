-- Attempts whose worker went silent: they count, and the job goes back. Also from its last attempt, so that its kind can say what became of
-- it, until it has silenced three workers there: then it is dead.
with lost as materialized (
	select id from job where state = 'running' and leased_until < now() order by leased_until limit 100 for update skip locked
)
update job
set state = case when attempt >= attempts + 2 then 'dead' else 'waiting' end,
	run_at = now(),
	finished_at = case when attempt >= attempts + 2 then now() end,
	leased_until = null,
	errors = errors || jsonb_build_object('time', now(), 'attempt', attempt, 'code', 'lease-lost',
		'message', 'worker ' || coalesce(worker, '?') || ' went silent')
from lost
where job.id = lost.id
returning job.id, job.kind, job.attempt, job.state
