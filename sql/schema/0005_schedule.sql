-- Schedules: jobs that are enqueued at the times of a cron text. The house's own, which the program declares, have no organisation.

create table schedule (
	id         uuid primary key,
	org_id     uuid references organisation,
	name       text not null check (length(name) between 1 and 80),
	cron       text not null check (length(cron) between 1 and 255),
	zone       text not null check (length(zone) between 1 and 63),
	kind       text not null,
	queue      smallint not null check (queue between 0 and 2),
	attempts   int not null check (attempts between 1 and 100),
	payload    jsonb not null default '{}',
	missed     text not null default 'once' check (missed in ('once', 'skip')),
	enabled    boolean not null default true,
	next_at    timestamptz check (isfinite(next_at)),
	last_at    timestamptz,
	created_at timestamptz not null default now(),
	unique nulls not distinct (org_id, name)
);
comment on column schedule.next_at is 'Set by whoever sets cron or zone, and then moved with every run; null: never';
comment on column schedule.last_at is 'The time that the last job was enqueued for';
create index schedule_due on schedule (next_at) where enabled;

-- What the nightly clean-up looks for.
create index session_ended on session (least(refresh_expires_at, revoked_at));
create index password_reset_age on password_reset (created_at);
