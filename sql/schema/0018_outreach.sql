-- Reaching out: alerts, failed-payment recovery, offers and mails to customers. Settings hold for both modes; what happened has a mode.

alter table customer add column outreach_paused_at timestamptz;
comment on column customer.outreach_paused_at is 'since then this customer gets no mail of outreach';

create table outreach_setting (
	org_id           uuid primary key references organisation,
	sender_name      text check (length(sender_name) between 1 and 100),
	reply_to         text check (length(reply_to) between 3 and 254),
	time_zone        text not null default 'UTC' check (time_zone ~ '^[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){0,2}$'
		and (timestamptz '2000-01-01 00:00:00+00' at time zone time_zone) is not null),
	quiet_from       smallint not null default 20 check (quiet_from between 0 and 23),
	quiet_until      smallint not null default 8 check (quiet_until between 0 and 23),
	customer_cap     smallint not null default 1 check (customer_cap between 1 and 10),
	organisation_cap int not null default 500 check (organisation_cap between 1 and 100000),
	return_url       text check (length(return_url) <= 1000 and return_url ~ '^https://'),
	updated_at       timestamptz not null default now()
);
comment on column outreach_setting.quiet_from is 'hour of the customer''s day; the same as quiet_until: no quiet hours';

create table outreach_program (
	org_id     uuid not null references organisation,
	program    text not null check (program in ('payment', 'retention', 'reactivation')),
	enabled    boolean not null default false,
	days       smallint[] not null check (cardinality(days) between 1 and 6),
	percents   smallint[] check (cardinality(percents) = 3),
	months     smallint check (months between 1 and 12),
	retries    smallint check (retries between 0 and 4),
	retry_hour smallint check (retry_hour between 0 and 23),
	updated_at timestamptz not null default now(),
	primary key (org_id, program)
);
comment on column outreach_program.days is 'payment: days after the first failure on which a mail goes out; retention: one, days before the end; reactivation: days after it';
comment on column outreach_program.percents is 'retention: offered to customers of low, medium and high value';
comment on column outreach_program.months is 'retention: for how long';
comment on column outreach_program.retries is 'payment: most attempts of ours at an invoice';

-- What holds for an organisation, also one that has changed nothing.
create view outreach_policy as
select o.org_id, o.name as organisation, coalesce(s.sender_name, left(o.name, 100)) as sender_name, s.reply_to, coalesce(s.time_zone, 'UTC') as time_zone,
	coalesce(s.quiet_from, 20::smallint) as quiet_from, coalesce(s.quiet_until, 8::smallint) as quiet_until,
	coalesce(s.customer_cap, 1::smallint) as customer_cap, coalesce(s.organisation_cap, 500) as organisation_cap, s.return_url, s.updated_at
from organisation o
left join outreach_setting s on s.org_id = o.org_id;

create view outreach_programs as
select o.org_id, d.program, coalesce(p.enabled, false) as enabled, coalesce(p.days, d.days) as days, coalesce(p.percents, d.percents) as percents,
	coalesce(p.months, d.months) as months, coalesce(p.retries, d.retries) as retries, coalesce(p.retry_hour, d.retry_hour) as retry_hour, p.updated_at
from organisation o
cross join (values
	('payment', '{0,3,5,7}'::smallint[], null::smallint[], null::smallint, 3::smallint, 0::smallint),
	('retention', '{7}', '{20,30,40}', 3, null, null),
	('reactivation', '{7,30}', null, null, null, null)) d (program, days, percents, months, retries, retry_hour)
left join outreach_program p on p.org_id = o.org_id and p.program = d.program;

create table outreach_wording (
	org_id     uuid not null references organisation,
	kind       text not null check (kind in ('payment.failed', 'payment.reminder', 'payment.last', 'retention.offer', 'reactivation.first',
		'reactivation.last')),
	language   text not null check (language in ('en', 'de', 'fr', 'es')),
	subject    text not null check (length(subject) between 1 and 200),
	body       text not null check (length(body) between 1 and 5000),
	button     text not null check (length(button) between 1 and 60),
	updated_at timestamptz not null default now(),
	primary key (org_id, kind, language)
);

-- For the owner: an end that comes near. Once for a subscription, kind and boundary of each occasion, which is the period that ends.
create table alert (
	org_id           uuid not null references organisation,
	live             boolean not null,
	id               uuid not null,
	number           bigint generated always as identity,
	kind             text not null check (kind in ('renewal_reminder', 'expiring_soon', 'expired', 'auto_retention_triggered')),
	priority         text not null check (priority in ('urgent', 'high', 'medium', 'low')),
	subscription_ref text not null,
	customer_ref     text not null,
	reason           text not null check (reason in ('renewal', 'cancellation', 'trial')),
	boundary         smallint not null,
	ends_at          timestamptz not null,
	occasion         timestamptz not null,
	month_minor      bigint not null,
	currency         text not null,
	created_at       timestamptz not null,
	read_at          timestamptz,
	read_by          text,
	primary key (org_id, live, id),
	unique (org_id, live, subscription_ref, kind, boundary, occasion)
);
comment on column alert.boundary is 'days before the end; 0: at the end';
create index alert_list on alert (org_id, live, number);
create index alert_unread on alert (org_id, live, number) where read_at is null;
create index alert_age on alert (created_at);

-- The recovery of one unpaid invoice.
create table outreach_case (
	org_id           uuid not null references organisation,
	live             boolean not null,
	invoice_ref      text not null,
	number           bigint generated always as identity,
	customer_ref     text not null,
	subscription_ref text,
	currency         text not null,
	due_minor        bigint not null,
	state            text not null default 'open' check (state in ('open', 'recovered', 'ended')),
	reason           text check (reason in ('retry', 'mail', 'stripe', 'voided', 'subscription-ended', 'gave-up', 'switched-off')),
	opened_at        timestamptz not null,
	closed_at        timestamptz,
	recovered_minor  bigint not null default 0,
	step             smallint not null default 0,
	retries          smallint not null default 0,
	retry_at         timestamptz,
	retry_key        text,
	retry_sent_at    timestamptz,
	decline          text,
	final            boolean not null default false,
	primary key (org_id, live, invoice_ref)
);
comment on column outreach_case.reason is 'recovered: by a retry of ours, after a mail of ours, or by Stripe alone; ended: why';
comment on column outreach_case.step is 'mails planned so far';
comment on column outreach_case.retry_key is 'idempotency key of the attempt under way, committed before it is made';
comment on column outreach_case.decline is 'what Stripe said to the last attempt of ours';
comment on column outreach_case.final is 'no attempt of ours follows: the card was refused for good';
create index outreach_case_open on outreach_case (org_id, live, opened_at) where state = 'open';
create index outreach_case_customer on outreach_case (org_id, live, customer_ref);
create index outreach_case_list on outreach_case (org_id, live, number);

-- A mail to a customer, once for a program, occasion and step; what it says is in the outbox and nowhere else.
create table outreach_mail (
	org_id           uuid not null,
	live             boolean not null,
	id               uuid not null,
	number           bigint generated always as identity,
	program          text not null,
	kind             text not null,
	customer_id      uuid not null,
	subscription_ref text,
	invoice_ref      text,
	occasion         text not null,
	step             smallint not null,
	percent          smallint,
	state            text not null check (state in ('planned', 'queued', 'sent', 'failed', 'suppressed', 'not-sent', 'cancelled')),
	reason           text check (length(reason) <= 300),
	held             text check (held in ('quiet-hours', 'customer-cap', 'organisation-cap')),
	due_at           timestamptz not null,
	created_at       timestamptz not null,
	handed_at        timestamptz,
	finished_at      timestamptz,
	mail_id          uuid,
	primary key (org_id, live, id),
	unique (org_id, live, program, occasion, step),
	foreign key (org_id, live, customer_id) references customer on delete cascade
);
comment on column outreach_mail.held is 'why it waits';
create index outreach_mail_due on outreach_mail (org_id, live, due_at) where state = 'planned';
create index outreach_mail_queued on outreach_mail (org_id, live) where state = 'queued';
create index outreach_mail_handed on outreach_mail (org_id, live, handed_at);
create index outreach_mail_customer on outreach_mail (org_id, live, customer_id, created_at);
create index outreach_mail_list on outreach_mail (org_id, live, number);

-- What a mail offers, and what became of it.
create table outreach_offer (
	org_id           uuid not null,
	live             boolean not null,
	id               uuid not null,
	customer_id      uuid not null,
	subscription_ref text not null,
	percent          smallint not null,
	months           smallint not null,
	month_minor      bigint not null,
	currency         text not null,
	created_at       timestamptz not null,
	expires_at       timestamptz not null,
	state            text not null default 'offered' check (state in ('offered', 'pending', 'applied', 'manual')),
	reason           text check (length(reason) <= 500),
	accepted_at      timestamptz,
	settled_at       timestamptz,
	form             text,
	form_at          timestamptz,
	primary key (org_id, live, id),
	foreign key (org_id, live, id) references outreach_mail on delete cascade
);
comment on column outreach_offer.form is 'what was sent to Stripe, under the key "stoa-offer-<id>": committed before it is sent';
create index outreach_offer_customer on outreach_offer (org_id, live, customer_id, created_at);

create index subscription_cancelling on subscription (org_id, live, cancel_at) where cancel_at is not null;
create index subscription_ended on subscription (org_id, live, ended_at) where ended_at is not null;
create index subscription_attention on subscription (org_id, live, (coalesce(period_ends_at, 'infinity'::timestamptz)), ref)
	where status in ('past_due', 'unpaid') or cancel_at_period_end or cancel_at is not null;

-- Search by how something begins, whatever the collation.
create index customer_email_begins on customer (org_id, live, lower(email) text_pattern_ops);
create index customer_name_begins on customer (org_id, live, lower(name) text_pattern_ops);
create index customer_ref_begins on customer (org_id, live, lower(ref) text_pattern_ops);
