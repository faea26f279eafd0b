-- Mail: the outbox, who gets none, and what waits for a digest.
--
-- org_id is the nil UUID (all zeros) for the house's own: mails of no organisation, and suppressions that hold for every one.

alter table account
	add column language text not null default 'en' check (language in ('en', 'de', 'fr', 'es')),
	-- A name of the IANA database. `at time zone` also takes abbreviations and POSIX rules: the pattern keeps those with digits or commas
	-- out, and the expression fails for what is no zone.
	add column time_zone text not null default 'UTC' check (time_zone ~ '^[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}$'
		and (timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null);

create table mail (
	org_id        uuid not null,
	id            uuid not null,
	kind          text not null check (kind ~ '^[a-z]+([.-][a-z]+)*$' and length(kind) <= 60),
	transactional boolean not null,
	live          boolean not null,
	address       text not null check (length(address) between 3 and 254),
	state         text not null default 'queued' check (state in ('queued', 'sent', 'failed', 'suppressed', 'not-sent')),
	content       bytea,
	reply         text check (length(reply) <= 300),
	created_at    timestamptz not null default now(),
	finished_at   timestamptz,
	primary key (org_id, id),
	check ((state = 'queued') = (finished_at is null)),
	check (content is null or state in ('queued', 'failed'))
);
comment on column mail.content is 'sealed; gone once there is nothing left to send';
create index mail_finished on mail (finished_at);

create table mail_suppression (
	org_id     uuid not null,
	address    text not null check (address = lower(address)),
	kind       text not null,
	reason     text not null check (reason in ('bounce', 'complaint', 'unsubscribe', 'manual')),
	created_at timestamptz not null default now(),
	primary key (org_id, address, kind)
);
comment on column mail_suppression.kind is 'of mail, or * for every kind';

create table mail_digest_entry (
	org_id     uuid not null,
	id         uuid not null,
	account_id uuid not null,
	live       boolean not null,
	title      text not null check (length(title) between 1 and 200),
	body       text not null default '' check (length(body) <= 2000),
	url        text check (length(url) <= 2000),
	created_at timestamptz not null,
	primary key (org_id, id),
	foreign key (org_id, account_id) references membership on delete cascade
);
create index mail_digest_entry_account on mail_digest_entry (org_id, account_id, live, created_at);
