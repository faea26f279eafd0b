-- Gives back jobs that this worker holds: $1 ids, $2 their attempts so far, $3 worker; $4 also when it is not known whether they were
-- begun (then that attempt counts). Wakes a worker for them.
with back as (
	update job
	set state = case when cancel_at is null then 'waiting' else 'cancelled' end,
		finished_at = case when cancel_at is not null then now() end,
		leased_until = null
	from unnest($1::uuid[], $2::int[]) held (id, attempt)
	where job.id = held.id and job.worker = $3 and job.state = 'running'
		and (job.attempt = held.attempt and job.started_at is null or $4::boolean and job.attempt = held.attempt + 1)
	returning job.id
)
select count(*), case when count(*) > 0 then pg_notify('stoa_job', '')::text end from back
