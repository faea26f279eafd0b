-- Organisations, people, sessions, keys, audit.
--
-- Primary keys, unique indexes and foreign keys of tenant data start with org_id. The exceptions are the ways into a
-- tenant: account (a person may belong to several organisations), and the hashes by which a token, a key or an origin is found.

create table organisation (
	org_id     uuid primary key,
	name       text not null check (length(name) between 1 and 120),
	created_at timestamptz not null default now()
);

create table account (
	id               uuid primary key,
	email            text not null check (length(email) between 3 and 254),
	name             text not null default '' check (length(name) <= 120),
	password_hash    text not null,
	failed_logins    int not null default 0,
	locked_until     timestamptz,
	password_set_at  timestamptz not null default now(),
	created_at       timestamptz not null default now()
);
create unique index account_email on account (lower(email));

create table membership (
	org_id     uuid not null references organisation,
	account_id uuid not null references account,
	role       text not null check (role in ('owner', 'admin', 'analyst', 'readonly')),
	created_at timestamptz not null default now(),
	primary key (org_id, account_id)
);
create index membership_account on membership (account_id);

-- A signed-in person in one organisation. access_* is what requests carry; refresh_* renews it, once; the hash before
-- it is kept to recognise a stolen refresh token.
create table session (
	org_id               uuid not null,
	id                   uuid not null,
	account_id           uuid not null,
	access_hash          bytea not null,
	access_expires_at    timestamptz not null,
	refresh_hash         bytea not null,
	refresh_hash_before  bytea,
	refresh_expires_at   timestamptz not null,
	address              inet,
	agent                text,
	created_at           timestamptz not null default now(),
	seen_at              timestamptz not null default now(),
	revoked_at           timestamptz,
	primary key (org_id, id),
	foreign key (org_id, account_id) references membership on delete cascade
);
create unique index session_access on session (access_hash);
create unique index session_refresh on session (refresh_hash);
create index session_refresh_before on session (refresh_hash_before) where refresh_hash_before is not null;
create index session_account on session (org_id, account_id);

create table password_reset (
	token_hash bytea primary key,
	account_id uuid not null references account,
	expires_at timestamptz not null,
	used_at    timestamptz,
	created_at timestamptz not null default now()
);
create index password_reset_account on password_reset (account_id);

-- A widget key is public (it stands in the host's page) and may only use the widget; a server key is secret.
create table api_key (
	org_id             uuid not null references organisation,
	id                 uuid not null,
	name               text not null check (length(name) between 1 and 120),
	kind               text not null check (kind in ('widget', 'server')),
	live               boolean not null,
	prefix             text not null,
	key_hash           bytea not null,
	last4              text not null,
	origins            text[] not null default '{}',
	signature_required boolean not null default false,
	signing_sealed     bytea,
	rate_per_minute    int not null default 1000 check (rate_per_minute between 1 and 100000000),
	created_by         uuid,
	created_at         timestamptz not null default now(),
	expires_at         timestamptz,
	last_used_at       timestamptz,
	revoked_at         timestamptz,
	rotated_to         uuid,
	primary key (org_id, id)
);
create index api_key_prefix on api_key (prefix);
create index api_key_origins on api_key using gin (origins) where revoked_at is null;

create table audit_log (
	org_id     uuid not null references organisation,
	id         uuid not null,
	at         timestamptz not null default clock_timestamp(),
	actor_kind text not null check (actor_kind in ('session', 'key', 'customer', 'system')),
	actor_id   text,
	action     text not null,
	entity     text not null,
	entity_id  text,
	before     jsonb,
	after      jsonb,
	address    inet,
	agent      text,
	request_id text,
	primary key (org_id, id)
);

create function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
	raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger audit_log_rows before update or delete on audit_log
	for each row execute function audit_log_is_append_only();
create trigger audit_log_table before truncate on audit_log
	for each statement execute function audit_log_is_append_only();
