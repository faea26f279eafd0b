-- $3 no attempt follows, $4 wait in ms before the next one, $5 code, $6 message. A job that was to be cancelled is.
update job
set state = case when cancel_at is not null then 'cancelled' when $3::boolean then 'dead' else 'waiting' end,
	run_at = now() + $4::int * interval '1 ms',
	finished_at = case when $3::boolean or cancel_at is not null then now() end,
	leased_until = null,
	errors = job_error(errors, attempt, $5, $6)
where id = $1::uuid and attempt = $2::int and state = 'running'
returning state
