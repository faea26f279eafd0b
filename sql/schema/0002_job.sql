-- The queue. Rows are claimed across tenants, so org_id is a column and not the key.

create table job (
	id           uuid primary key,
	org_id       uuid,
	kind         text not null,
	queue        smallint not null check (queue between 0 and 2),
	state        text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'dead', 'cancelled')),
	payload      jsonb not null default '{}',
	unique_key   text,
	run_at       timestamptz not null default now(),
	attempt      int not null default 0,
	attempts     int not null check (attempts between 1 and 100),
	leased_until timestamptz,
	worker       text,
	errors       jsonb not null default '[]',
	created_at   timestamptz not null default now(),
	started_at   timestamptz,
	finished_at  timestamptz
) with (fillfactor = 70);
create index job_claim on job (queue, run_at, id) where state = 'waiting';
create index job_lease on job (leased_until) where state = 'running';
create unique index job_unique on job (kind, unique_key) where unique_key is not null and state in ('waiting', 'running');
create index job_finished on job (finished_at) where state in ('done', 'cancelled');
create index job_dead on job (queue, finished_at) where state = 'dead';

create table worker (
	name       text primary key,
	host       text not null,
	pid        int not null,
	threads    int not null,
	started_at timestamptz not null default now(),
	seen_at    timestamptz not null default now()
);
