-- $1 id. A dead or cancelled job gets as many attempts again; a waiting one its next attempt now. Attempt numbers go on.
with again as (
	update job
	set state = 'waiting', run_at = now(), finished_at = null, cancel_at = null, progress = null, progress_note = null,
		first_attempt = case when state = 'waiting' then first_attempt else attempt end,
		attempts = case when state = 'waiting' then attempts else attempt + attempts - first_attempt end
	where id = $1::uuid and state in ('waiting', 'dead', 'cancelled')
	returning id
)
select id, pg_notify('stoa_job', '')::text from again
