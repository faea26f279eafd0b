-- Reports that jobs made, for download; the job's id is the report's.
create table report (
	org_id     uuid not null references organisation,
	id         uuid not null,
	live       boolean not null,
	from_day   date not null,
	to_day     date not null check (to_day >= from_day),
	customers  boolean not null,
	totals     jsonb not null,
	sessions   text not null,
	days       text not null,
	created_at timestamptz not null default now(),
	primary key (org_id, id)
);
comment on column report.customers is 'it names them: only for those who may know';
comment on column report.sessions is 'CSV';
comment on column report.days is 'CSV';
create index report_age on report (created_at);
