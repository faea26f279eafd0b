-- What Stripe says of customers, subscriptions, prices, coupons and money: a mirror, kept by its events and by the import. Each row
-- remembers of when the snapshot is that it was made from (as_of): an older one never replaces a newer one.
--
-- Amounts are minor units of the row's own currency; refs are Stripe's ids.

create table customer (
	org_id          uuid not null references organisation,
	live            boolean not null,
	id              uuid not null,
	ref             text check (length(ref) between 1 and 255),
	stripe_ref      text,
	email           text,
	name            text,
	language        text,
	region          text,
	plan            text,
	value_minor     bigint not null default 0,
	currency        text check (currency ~ '^[a-z]{3}$'),
	attributes      jsonb not null default '{}',
	attempts        int not null default 0,
	last_attempt_at timestamptz,
	delinquent      boolean not null default false,
	churn_risk      smallint check (churn_risk between 0 and 100),
	churn_risk_why  jsonb,
	churn_risk_at   timestamptz,
	as_of           timestamptz,
	customer_since  timestamptz not null default now(),
	created_at      timestamptz not null default now(),
	deleted_at      timestamptz,
	erased_at       timestamptz,
	primary key (org_id, live, id)
);
comment on column customer.ref is 'as the host knows them: retention_session.customer_ref';
comment on column customer.plan is 'of the most valuable subscription that runs';
comment on column customer.value_minor is 'a month, over the subscriptions that run, before discounts, in the currency of the most valuable one';
comment on column customer.attributes is 'metadata at Stripe, and over it what the widget was given';
comment on column customer.attempts is 'clicks on Cancel';
create unique index customer_ref on customer (org_id, live, ref);
create unique index customer_stripe on customer (org_id, live, stripe_ref);
create index customer_email on customer (org_id, live, lower(email));
create index customer_plan on customer (org_id, live, plan);
create index customer_region on customer (org_id, live, region);
create index customer_value on customer (org_id, live, value_minor);

create table product (
	org_id  uuid not null references organisation,
	live    boolean not null,
	ref     text not null,
	name    text not null default '',
	active  boolean not null default true,
	as_of   timestamptz not null,
	deleted boolean not null default false,
	primary key (org_id, live, ref)
);

create table price (
	org_id         uuid not null references organisation,
	live           boolean not null,
	ref            text not null,
	product_ref    text,
	nickname       text,
	amount_minor   bigint,
	currency       text not null check (currency ~ '^[a-z]{3}$'),
	period         text check (period in ('day', 'week', 'month', 'year')),
	period_count   int check (period_count > 0),
	active         boolean not null default true,
	as_of          timestamptz not null,
	deleted        boolean not null default false,
	primary key (org_id, live, ref)
);
comment on column price.amount_minor is 'for one, each period; null when the price is tiered or metered';

create table coupon (
	org_id          uuid not null references organisation,
	live            boolean not null,
	ref             text not null,
	name            text,
	percent_off     numeric(5,2),
	amount_minor    bigint,
	currency        text,
	duration        text not null check (duration in ('once', 'repeating', 'forever')),
	months          int,
	redeem_by       timestamptz,
	redemptions     int not null default 0,
	redemptions_max int,
	valid           boolean not null default true,
	as_of           timestamptz not null,
	deleted         boolean not null default false,
	primary key (org_id, live, ref)
);

-- Foreign keys between mirrored rows would make the order in which they arrive matter; it must not.
create table subscription (
	org_id             uuid not null references organisation,
	live               boolean not null,
	ref                text not null,
	customer_ref       text not null,
	status             text not null check (status in ('trialing', 'active', 'past_due', 'unpaid', 'paused', 'canceled', 'incomplete',
		'incomplete_expired')),
	price_ref          text,
	plan               text,
	items              int not null default 1,
	quantity           bigint not null default 1,
	period             text check (period in ('day', 'week', 'month', 'year')),
	period_count       int,
	amount_minor       bigint,
	month_minor        bigint not null default 0,
	currency           text not null check (currency ~ '^[a-z]{3}$'),
	discounts          jsonb not null default '[]',
	discount_ends_at   timestamptz,
	schedule_ref       text,
	pause_behavior     text,
	pause_resumes_at   timestamptz,
	cancel_at_period_end boolean not null default false,
	cancel_at          timestamptz,
	canceled_at        timestamptz,
	cancel_reason      text,
	ended_at           timestamptz,
	trial_ends_at      timestamptz,
	period_starts_at   timestamptz,
	period_ends_at     timestamptz,
	started_at         timestamptz not null,
	latest_invoice_ref text,
	as_of              timestamptz not null,
	primary key (org_id, live, ref)
);
comment on column subscription.customer_ref is 'cus_…: customer.stripe_ref';
comment on column subscription.plan is 'the price''s nickname, else its product''s name, else its ref';
comment on column subscription.month_minor is 'a month, before discounts, over all items: what a segment and a save are valued by';
comment on column subscription.discounts is '[{"coupon", "percent", "amount", "currency", "ends_at"}]';
comment on column subscription.pause_behavior is 'of pause_collection: void, mark_uncollectible or keep_as_draft';
create index subscription_customer on subscription (org_id, live, customer_ref);
create index subscription_status on subscription (org_id, live, status);
create index subscription_renewal on subscription (org_id, live, period_ends_at) where status in ('trialing', 'active', 'past_due');

create table invoice (
	org_id           uuid not null references organisation,
	live             boolean not null,
	ref              text not null,
	customer_ref     text,
	subscription_ref text,
	status           text not null check (status in ('draft', 'open', 'paid', 'void', 'uncollectible')),
	currency         text not null check (currency ~ '^[a-z]{3}$'),
	due_minor        bigint not null default 0,
	paid_minor       bigint not null default 0,
	refunded_minor   bigint not null default 0,
	reason           text,
	attempts         int not null default 0,
	next_attempt_at  timestamptz,
	hosted_url       text,
	created_at       timestamptz not null,
	paid_at          timestamptz,
	as_of            timestamptz not null,
	primary key (org_id, live, ref)
);
comment on column invoice.refunded_minor is 'refunds and lost disputes of its payments; never more than paid_minor';
comment on column invoice.reason is 'billing_reason';
create index invoice_subscription on invoice (org_id, live, subscription_ref, paid_at);
create index invoice_customer on invoice (org_id, live, customer_ref, created_at);
create index invoice_open on invoice (org_id, live, next_attempt_at) where status = 'open';

-- Where Stripe sends events: one address a connection. secret_before stays good while Stripe still signs with it.
create table stripe_endpoint (
	org_id               uuid not null references organisation,
	live                 boolean not null,
	id                   uuid not null,
	secret_sealed        bytea not null,
	secret_before_sealed bytea,
	secret_before_until  timestamptz,
	last_event_at        timestamptz,
	created_at           timestamptz not null default now(),
	updated_at           timestamptz not null default now(),
	primary key (org_id, live),
	unique (id)
);

-- Stripe's own words, once each, until they have been processed and their time is over.
create table stripe_event (
	org_id       uuid not null references organisation,
	live         boolean not null,
	id           text not null check (length(id) between 5 and 255),
	type         text not null,
	object_ref   text,
	api_version  text,
	created_at   timestamptz not null,
	received_at  timestamptz not null default now(),
	source       text not null check (source in ('webhook', 'catch-up')),
	state        text not null default 'waiting' check (state in ('waiting', 'done', 'ignored', 'failed')),
	reason       text,
	processed_at timestamptz,
	payload      jsonb,
	primary key (org_id, live, id)
);
comment on column stripe_event.payload is 'gone after [stripe] keep; the id stays, for duplicates, as long as Stripe may repeat it';
create index stripe_event_age on stripe_event (received_at);
create index stripe_event_open on stripe_event (org_id, live, received_at) where state in ('waiting', 'failed');

-- What a customer was offered and told in a session besides: which variant, under which policy, known how well.
alter table retention_session
	add column experiment_id uuid,
	add column variant smallint,
	add column policy text not null default 'documented' check (policy in ('documented', 'adaptive')),
	add column attempts smallint not null default 1,
	add column tenure_days int,
	add column attributes jsonb;
comment on column retention_session.variant is 'of the experiment, in its order; the holdout sees no offer';
comment on column retention_session.attempts is 'clicks on Cancel of the last 30 days, this one included';
