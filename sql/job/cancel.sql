-- $1 id. A job that no worker has begun is cancelled at once; a running one is told to, and its worker hears of it.
with asked as (
	update job
	set cancel_at = coalesce(cancel_at, now()),
		state = case when state = 'waiting' or started_at is null then 'cancelled' else state end,
		finished_at = case when state = 'waiting' or started_at is null then now() end,
		leased_until = case when state = 'running' and started_at is not null then leased_until end
	where id = $1::uuid and state in ('waiting', 'running')
	returning id, state
)
select state, case when state = 'running' then pg_notify('stoa_job_cancel', id::text)::text end from asked
