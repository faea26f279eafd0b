-- What reads the events besides webhooks: audit, notifications, caches, daily counts.

alter table event_consumer
	add column reached bigint not null default 0 check (reached >= 0),
	add column failing_at bigint,
	add column failing_since timestamptz,
	add column failures int not null default 0,
	add column code text,
	add column message text;
comment on column event_consumer.reached is 'the greatest position that it ever had: what lies below has had its effects';
comment on column event_consumer.failing_at is 'the event at which it keeps failing';
update event_consumer set reached = position;

-- What happened before is told to nobody now, and no cache has it any more; audit and counts begin at the beginning.
insert into event_consumer (name, position, reached)
select name, case when late then head.last else 0 end, case when late then head.last else 0 end
from (values ('audit', false), ('activity', false), ('notify', true), ('cache', true)) new (name, late),
	(select coalesce(greatest((select max(position) from event), (select max(position) from event_consumer)), 0) as last) head;

-- Events that a consumer has failed on too often to wait for: it has gone on without them.
create table event_skipped (
	org_id   uuid not null,
	event_id uuid not null,
	consumer text not null,
	position bigint not null,
	code     text not null,
	message  text not null,
	at       timestamptz not null default now(),
	primary key (org_id, event_id, consumer),
	foreign key (org_id, event_id) references event on delete cascade
);
create index event_skipped_consumer on event_skipped (consumer, position);

-- Events a day (UTC), for charts: kept when the events themselves have gone.
create table event_daily (
	org_id uuid not null references organisation,
	live   boolean not null,
	day    date not null,
	type   text not null,
	count  bigint not null,
	primary key (org_id, live, day, type)
);

alter table account
	add column notify text not null default 'important' check (notify in ('all', 'important', 'none'));

-- Lines of the same topic become one that counts.
alter table mail_digest_entry
	add column topic text,
	add column count int not null default 1;
create unique index mail_digest_entry_topic on mail_digest_entry (org_id, account_id, live, topic) where topic is not null;
