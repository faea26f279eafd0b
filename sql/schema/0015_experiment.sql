-- Experiments: some customers of a flow see another one, or no offer. Who sees what is computed (lib/retention/experiment.h), so there is no
-- row a customer: a session says in which variant it was.

create table experiment (
	org_id         uuid not null references organisation,
	id             uuid not null,
	name           text not null check (length(name) between 1 and 255),
	hypothesis     text check (length(hypothesis) <= 2000),
	status         text not null default 'draft' check (status in ('draft', 'running', 'stopped', 'promoted')),
	flow_id        uuid not null,
	condition      jsonb,
	basis          text not null check (basis in ('raw', 'validated')),
	minimum_effect smallint not null check (minimum_effect between 1 and 50),
	winner         smallint,
	version        int not null default 1,
	created_at     timestamptz not null default now(),
	updated_at     timestamptz not null default now(),
	started_at     timestamptz,
	stopped_at     timestamptz,
	primary key (org_id, id),
	foreign key (org_id, flow_id) references flow,
	check ((status = 'draft') = (started_at is null)),
	check ((status in ('stopped', 'promoted')) = (stopped_at is not null)),
	check ((status = 'promoted') = (winner is not null))
);
comment on column experiment.flow_id is 'the control: who would be shown this flow takes part';
comment on column experiment.condition is 'who of them takes part; null: all';
comment on column experiment.basis is 'what the test counts as saved: the answer in the dialog, or what billing showed 30 days later; chosen before the start';
comment on column experiment.minimum_effect is 'the smallest difference that matters, in percentage points';
create index experiment_running on experiment (org_id, started_at) where status = 'running';

create table experiment_variant (
	org_id        uuid not null,
	experiment_id uuid not null,
	position      smallint not null check (position between 0 and 7),
	kind          text not null check (kind in ('control', 'flow', 'holdout')),
	name          text not null check (length(name) between 1 and 120),
	flow_id       uuid,
	weight        int not null check (weight between 1 and 1000),
	primary key (org_id, experiment_id, position),
	foreign key (org_id, experiment_id) references experiment on delete cascade,
	foreign key (org_id, flow_id) references flow,
	check ((kind = 'control') = (position = 0)),
	check ((kind = 'flow') = (flow_id is not null))
);

-- Weights, flows and the order decide who sees what: they are fixed once an experiment has started.
create function experiment_variant_is_fixed() returns trigger language plpgsql as $$
declare
	variant experiment_variant := coalesce(new, old);
begin
	if exists (select from experiment where org_id = variant.org_id and id = variant.experiment_id and status <> 'draft') then
		raise exception 'the variants of an experiment that has started never change' using errcode = 'insufficient_privilege';
	end if;
	return variant;
end $$;
create trigger experiment_variant_rows before insert or update or delete on experiment_variant
	for each row execute function experiment_variant_is_fixed();
