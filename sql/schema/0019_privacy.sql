-- What the law asks: a record of what each customer was shown, periods after which data go, and the erasure of one customer.

alter table retention_session add column cancel_now boolean not null default true;
comment on column retention_session.cancel_now is '"Cancel now" stood beside every offer';

-- What an organisation chose. A period without a row has the default of lib/who/keep.h.
create table privacy_setting (
	org_id     uuid primary key references organisation,
	cancel_now boolean not null,
	updated_at timestamptz not null default now()
);
create table keep_period (
	org_id     uuid not null references organisation,
	name       text not null,
	days       int not null check (days between 1 and 3650),
	updated_at timestamptz not null default now(),
	primary key (org_id, name)
);

-- One a session that was decided, written with the decision and never changed. It names the customer by a keyed hash only, so that it can
-- stay when the customer's data go.
create table consent_record (
	org_id        uuid not null references organisation,
	live          boolean not null,
	session_id    uuid not null,
	customer_hash bytea not null,
	at            timestamptz not null,
	document      text not null,
	mac           bytea not null,
	primary key (org_id, live, session_id)
);
comment on column consent_record.document is 'what was shown, of which version, and how it ended, as JSON (lib/retention/consent.h)';
comment on column consent_record.mac is 'HMAC-SHA-256 of the document under a key that the database does not have';
create index consent_customer on consent_record (org_id, live, customer_hash, at);
create index consent_age on consent_record (org_id, at);

create function consent_record_is_append_only() returns trigger language plpgsql as $$
begin
	-- California asks for three years (AB 2863): nothing younger goes, whoever asks.
	if tg_op = 'DELETE' and old.at < now() - interval '3 years' then
		return old;
	end if;
	raise exception 'consent_record is append-only' using errcode = 'insufficient_privilege';
end $$;
create trigger consent_record_rows before update or delete on consent_record
	for each row execute function consent_record_is_append_only();
create trigger consent_record_table before truncate on consent_record
	for each statement execute function consent_record_is_append_only();

-- An erasure may put a pseudonym in the place of a customer, and nothing else, in what is otherwise append-only.
create or replace function audit_log_is_append_only() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' and old.actor_kind = 'customer' and new.actor_id like 'erased-%'
		and to_jsonb(new) - array['actor_id', 'address', 'agent'] = to_jsonb(old) - array['actor_id', 'address', 'agent']
		and new.address is null and new.agent is null then
		return new;
	end if;
	raise exception 'audit_log is append-only' using errcode = 'insufficient_privilege';
end $$;

create or replace function event_is_append_only() returns trigger language plpgsql as $$
begin
	if tg_op = 'UPDATE' and old.position is null and new.position is not null
		and to_jsonb(new) - 'position' = to_jsonb(old) - 'position' then
		return new;
	end if;
	if tg_op = 'UPDATE' and new.payload ->> 'customer' like 'erased-%'
		and to_jsonb(new) - array['payload', 'actor_id'] = to_jsonb(old) - array['payload', 'actor_id']
		and new.payload - 'customer' = old.payload - 'customer'
		and (new.actor_id is not distinct from old.actor_id or (old.actor_kind = 'customer' and new.actor_id like 'erased-%')) then
		return new;
	end if;
	-- The sweep: nothing younger goes, whoever asks.
	if tg_op = 'DELETE' and old.at < now() - interval '30 days' then
		return old;
	end if;
	raise exception 'event is append-only' using errcode = 'insufficient_privilege';
end $$;

-- Up to which session an organisation's have been made anonymous by age: ids are ordered by time.
create table keep_mark (
	org_id uuid not null references organisation,
	live   boolean not null,
	id     uuid not null,
	primary key (org_id, live)
);
create index outreach_mail_age on outreach_mail (created_at);
