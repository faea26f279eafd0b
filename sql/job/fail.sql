-- $3 no attempt follows, $4 wait in ms before the next one, $5 code, $6 message.
update job
set state = case when $3::boolean then 'dead' else 'waiting' end,
	run_at = now() + $4::int * interval '1 ms',
	finished_at = case when $3::boolean then now() end,
	leased_until = null,
	errors = errors || jsonb_build_object('time', now(), 'attempt', attempt, 'code', $5::text, 'message', $6::text)
where id = $1::uuid and attempt = $2::int and state = 'running'
