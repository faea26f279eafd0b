-- The queue, finished: batches, limits, pauses, cancellation, progress, results, replay.

alter table job
	add column progress int check (progress between 0 and 100),
	add column progress_note text,
	add column result jsonb,
	add column cancel_at timestamptz,                 -- when cancellation was asked for
	add column first_attempt int not null default 0,  -- attempts before the last replay; attempt numbers are never used again
	drop constraint job_attempts_check,
	add constraint job_attempts_check check (attempts - first_attempt between 1 and 100);
comment on column job.started_at is 'When the current or last attempt began; null while a worker holds the running job and has not begun it';

-- A claim asks for the oldest of each kind that it may take, so that what is paused, at its limit or unknown is never read.
drop index job_claim;
create index job_due on job (kind, run_at, id) include (queue) where state = 'waiting';
-- Few rows: leases and limits both read all of a kind. Without the lease's end, so that a heartbeat leaves the indexes alone.
drop index job_lease;
create index job_running on job (kind) where state = 'running';

-- Rows live for moments: dead versions have to go before scans notice them.
alter table job set (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000, autovacuum_analyze_scale_factor = 0.05,
	autovacuum_vacuum_cost_delay = 0);

-- What must not be claimed: a kind or a whole queue.
create table job_pause (
	name       text primary key,
	kind       text,
	queue      smallint check (queue between 0 and 2),
	created_at timestamptz not null default now(),
	check (num_nonnulls(kind, queue) = 1)
);

-- How many more of a limited kind may run. Who asks holds the kind's lock until its claim is committed, and counts after it got the lock;
-- a claim that does not get it takes none, because the other one looks already.
create function job_room(limited text, most int) returns int language plpgsql volatile as $$
begin
	if not pg_try_advisory_xact_lock(hashtextextended('stoa job ' || limited, 0)) then
		return 0;
	end if;
	return greatest(most - (select count(*) from job where state = 'running' and kind = limited), 0);
end $$;

-- The history of failures keeps the last 20.
create function job_error(errors jsonb, attempt int, code text, message text) returns jsonb language sql stable as $$
	select case when jsonb_array_length(errors) >= 20 then errors - 0 else errors end
		|| jsonb_build_object('time', now(), 'attempt', attempt, 'code', code, 'message', message)
$$;

-- Takes up to `most` due jobs for a worker that knows these kinds, with their queues and limits (0 none); `first` is the queue that is looked
-- at first. The first job is begun, the others are held until the worker begins them. Each kind is its own index scan, which stops when
-- there are enough. A function, so that it is planned by index alone: a plan made while the table was empty would read a million rows a
-- minute later, when they have come.
create function job_claim(kinds text[], queues smallint[], limits int[], claimer text, lease_ms int, first smallint, most int)
returns table (id uuid, org_id uuid, kind text, payload jsonb, attempt int, attempts int, first_attempt int, begun boolean, waited_us bigint)
language plpgsql volatile set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off
set jit = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
	return query
	with heads as materialized (
		select known.kind, known.at_once, row_number() over (order by known.queue <> job_claim.first, known.queue, head.run_at) as place
		from unnest(kinds, queues, limits) known (kind, queue, at_once)
		cross join lateral (
			select job.run_at from job where job.state = 'waiting' and job.kind = known.kind and job.run_at <= now()
			order by job.run_at, job.id limit 1
		) head
		where not exists (select from job_pause where job_pause.kind = known.kind or job_pause.queue = known.queue)
	), due as materialized (
		select found.id
		from (select * from heads order by heads.place) heads
		cross join lateral (
			select case when heads.at_once = 0 then job_claim.most else least(job_room(heads.kind, heads.at_once), job_claim.most) end as most
			offset 0
		) room
		cross join lateral (
			select job.id from job where job.state = 'waiting' and job.kind = heads.kind and job.run_at <= now()
			order by job.run_at, job.id limit room.most for update skip locked
		) found
		limit job_claim.most
	), taken as (
		update job
		set state = 'running', worker = claimer, leased_until = now() + lease_ms * interval '1 ms',
			attempt = job.attempt + (job.id = (select due.id from due limit 1))::int,
			started_at = case when job.id = (select due.id from due limit 1) then now() end
		where job.id = any (array(select due.id from due))
		returning job.*
	)
	select taken.id, taken.org_id, taken.kind, taken.payload, taken.attempt, taken.attempts, taken.first_attempt,
		taken.started_at is not null, (extract(epoch from now() - taken.run_at) * 1000000)::bigint
	from taken
	order by array_position(array(select due.id from due), taken.id);
end $$;
