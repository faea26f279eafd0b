-- Events, their consumers, and the webhooks that are one.

-- What happened, written in the transaction of the change and never changed. seq is drawn when the row is written, so of two changes
-- that exclude each other by a lock the later one has the greater; position is given by the first reader that sees the row committed
-- (lib/event/event.h) and is the only thing that is ever added.
create table event (
	org_id         uuid not null references organisation,
	id             uuid not null,
	live           boolean not null,
	at             timestamptz not null default clock_timestamp(),
	actor_kind     text not null check (actor_kind in ('session', 'key', 'customer', 'system')),
	actor_id       text,
	entity         text not null,
	entity_id      text,
	type           text not null check (type ~ '^[a-z_]+\.[a-z_]+$'),
	payload        jsonb not null,
	schema_version int not null check (schema_version > 0),
	seq            bigint not null generated always as identity,
	position       bigint,
	primary key (org_id, id)
);
create index event_unordered on event (seq) where position is null;
create index event_position on event (position) where position is not null;
create index event_age on event (at);

create function event_is_append_only() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' and old.position is null and new.position is not null
		and to_jsonb(new) - 'position' = to_jsonb(old) - 'position' then
		return new;
	end if;
	-- The sweep: nothing younger goes, whoever asks.
	if tg_op = 'DELETE' and old.at < now() - interval '30 days' then
		return old;
	end if;
	raise exception 'event is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger event_rows before update or delete on event
	for each row execute function event_is_append_only();
create trigger event_table before truncate on event
	for each statement execute function event_is_append_only();

-- How far each reader has come. Moving a position back replays.
create table event_consumer (
	name       text primary key,
	position   bigint not null default 0 check (position >= 0),
	updated_at timestamptz not null default now()
);
insert into event_consumer (name) values ('webhook');

create table webhook_endpoint (
	org_id               uuid not null references organisation,
	id                   uuid not null,
	live                 boolean not null,
	url                  text not null check (octet_length(url) between 1 and 2048),
	events               text[] not null default '{}',
	description          text not null default '' check (length(description) <= 255),
	enabled              boolean not null default true,
	secret_sealed        bytea not null,
	secret_before_sealed bytea,
	secret_before_until  timestamptz,
	failing_since        timestamptz,
	disabled_at          timestamptz,
	disabled_reason      text check (disabled_reason in ('person', 'failing', 'gone')),
	created_by           uuid,
	created_at           timestamptz not null default now(),
	updated_at           timestamptz not null default now(),
	primary key (org_id, id)
);

create table webhook_delivery (
	org_id      uuid not null,
	id          uuid not null,
	endpoint_id uuid not null,
	event_id    uuid not null,
	state       text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'cancelled')),
	attempts    int not null default 0,
	status      int,
	created_at  timestamptz not null default now(),
	settled_at  timestamptz,
	primary key (org_id, id),
	unique (org_id, event_id, endpoint_id),
	foreign key (org_id, event_id) references event on delete cascade,
	foreign key (org_id, endpoint_id) references webhook_endpoint on delete cascade
);
create index webhook_delivery_endpoint on webhook_delivery (org_id, endpoint_id, id desc);
create index webhook_delivery_age on webhook_delivery (created_at);

-- What was sent and what came back, cut, with secrets hidden.
create table webhook_attempt (
	org_id           uuid not null,
	delivery_id      uuid not null,
	number           int not null,
	at               timestamptz not null default now(),
	duration_ms      int not null,
	status           int,
	trouble          text,
	request_headers  jsonb not null,
	request_body     text not null,
	response_headers jsonb,
	response_body    text,
	primary key (org_id, delivery_id, number),
	foreign key (org_id, delivery_id) references webhook_delivery on delete cascade
);
