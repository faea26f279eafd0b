-- Flows, sessions of the widget, decisions, what was done at Stripe. `live` separates live from test data in every key,
-- so that the database itself refuses a reference from one to the other.

create table flow (
	org_id        uuid not null references organisation,
	id            uuid not null,
	name          text not null check (length(name) between 1 and 255),
	status        text not null default 'draft' check (status in ('draft', 'active', 'archived')),
	language      text not null check (language ~ '^[a-z]{2}$'),
	segment       text check (segment in ('trial', 'low', 'medium', 'high')),
	plan          text,
	region        text,
	ranking_score int not null default 50 check (ranking_score between 0 and 100),
	cancel_at     text not null default 'host' check (cancel_at in ('host', 'stripe')),
	version       int not null default 1,
	created_at    timestamptz not null default now(),
	updated_at    timestamptz not null default now(),
	primary key (org_id, id)
);
create index flow_choice on flow (org_id, language, ranking_score desc) where status = 'active';

-- What a version says never changes: a session keeps the version that it started with.
create table flow_version (
	org_id     uuid not null,
	flow_id    uuid not null,
	version    int not null,
	steps      jsonb not null,
	created_by uuid,
	created_at timestamptz not null default now(),
	primary key (org_id, flow_id, version),
	foreign key (org_id, flow_id) references flow
);

create function flow_version_is_final() returns trigger language plpgsql as $$
begin
	raise exception 'a version of a flow never changes' using errcode = 'insufficient_privilege';
end $$;
create trigger flow_version_rows before update or delete on flow_version
	for each row execute function flow_version_is_final();
create trigger flow_version_table before truncate on flow_version
	for each statement execute function flow_version_is_final();

-- A click on Cancel: the durable event of /widget/start, on the product's hottest path. A foreign key to flow_version would cost
-- a third of the insert; the reference cannot break, since versions are never changed or deleted (trigger below), and a
-- decision is made only on a session whose version is there.
create table retention_session (
	org_id           uuid not null,
	live             boolean not null,
	id               uuid not null,
	key_id           uuid not null,
	customer_ref     text not null,
	subscription_ref text,
	email            text,
	plan             text,
	region           text,
	language         text not null,
	segment          text not null check (segment in ('trial', 'low', 'medium', 'high')),
	value_minor      bigint,
	currency         text check (octet_length(currency) = 3),
	signed           boolean not null,
	flow_id          uuid not null,
	flow_version     int not null,
	step_order       text not null,
	started_at       timestamptz not null default now(),
	primary key (org_id, live, id)
);
create index retention_session_customer on retention_session (org_id, live, customer_ref, started_at desc);

create table decision (
	org_id        uuid not null,
	live          boolean not null,
	session_id    uuid not null,
	outcome       text not null check (outcome in ('accepted', 'declined', 'dismissed', 'cancelled')),
	offer_type    text check (offer_type in ('discount', 'pause', 'downgrade', 'extension', 'support', 'feedback')),
	step          int,
	choice        int,
	reason_code   text,
	reason_text   text,
	feedback      text,
	path          jsonb not null default '[]',
	request_hash  bytea not null,
	status        text not null check (status in ('recorded', 'pending', 'applied', 'manual')),
	status_reason text,
	effect        jsonb,
	value_minor   bigint,
	saved_minor   bigint not null default 0,
	currency      text check (currency ~ '^[a-z]{3}$'),
	decided_at    timestamptz not null default now(),
	settled_at    timestamptz,
	primary key (org_id, live, session_id),
	foreign key (org_id, live, session_id) references retention_session
);
create index decision_time on decision (org_id, live, decided_at desc, session_id desc);

-- Offers shown, one row an offer and session; written with the decision, from its path.
create table offer_event (
	org_id     uuid not null,
	live       boolean not null,
	session_id uuid not null,
	step       int not null,
	offer_type text not null,
	answer     text not null check (answer in ('shown', 'accepted', 'declined', 'skipped', 'answered')),
	shown_ms   int,
	created_at timestamptz not null default now(),
	primary key (org_id, live, session_id, step),
	foreign key (org_id, live, session_id) references decision
);
create index offer_event_time on offer_event (org_id, live, created_at, offer_type);

create table stripe_connection (
	org_id     uuid not null references organisation,
	live       boolean not null,
	key_sealed bytea not null,
	key_last4  text not null,
	account    text,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	primary key (org_id, live)
);

-- One call that writes at Stripe: the idempotency key is committed before the call is made.
create table stripe_operation (
	org_id          uuid not null,
	live            boolean not null,
	session_id      uuid not null,
	number          int not null,
	purpose         text not null,
	idempotency_key text not null,
	method          text not null,
	path            text not null,
	form            text not null,
	state           text not null default 'sent' check (state in ('sent', 'done', 'refused')),
	http_status     int,
	request_ref     text,
	error           text,
	created_at      timestamptz not null default now(),
	finished_at     timestamptz,
	primary key (org_id, live, session_id, number),
	unique (org_id, live, idempotency_key),
	foreign key (org_id, live, session_id) references decision
);
