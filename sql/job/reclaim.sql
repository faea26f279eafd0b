-- Attempts whose worker went silent: they count, and the job goes back. Also from its last attempt, so that its kind can say what became of
-- it, until it has silenced three workers there: then it is dead. What was only held goes back as it was. Wakes workers.
with lost as materialized (
	select id from job where state = 'running' and leased_until < now() order by leased_until limit 100 for update skip locked
)
update job
set state = case when cancel_at is not null then 'cancelled' when started_at is null or attempt < attempts + 2 then 'waiting' else 'dead' end,
	run_at = case when started_at is null then run_at else now() end,
	finished_at = case when cancel_at is not null or started_at is not null and attempt >= attempts + 2 then now() end,
	leased_until = null,
	errors = case when started_at is null then errors
		else job_error(errors, attempt, 'lease-lost', 'worker ' || coalesce(worker, '?') || ' went silent') end
from lost
where job.id = lost.id
returning job.id, job.kind, job.attempt, job.state, job.started_at is not null as begun,
	case when job.state = 'waiting' then pg_notify('stoa_job', '')::text end
