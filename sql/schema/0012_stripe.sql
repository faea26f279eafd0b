-- What the mirror of Stripe (0011) is kept by. `print` is a digest of the snapshot that a row was made from: two snapshots of the same
-- second that differ have no order, so Stripe is asked.

alter table customer
	add column stripe jsonb,
	add column print text;
comment on column customer.stripe is 'what Stripe says itself: {"email", "name", "language", "region", "currency", "created", "metadata"}; null until its customer was heard of';

alter table product add column print text not null default '';
alter table price add column print text not null default '';
alter table coupon add column print text not null default '';
alter table invoice add column print text not null default '';
alter table subscription
	add column product_ref text,
	add column discount_refs text[] not null default '{}',
	add column print text not null default '';
create index subscription_price on subscription (org_id, live, price_ref);
create index subscription_product on subscription (org_id, live, product_ref);

create table discount (
	org_id           uuid not null references organisation,
	live             boolean not null,
	ref              text not null,
	customer_ref     text,
	subscription_ref text,
	coupon_ref       text,
	starts_at        timestamptz,
	ends_at          timestamptz,
	as_of            timestamptz not null,
	deleted          boolean not null default false,
	print            text not null,
	primary key (org_id, live, ref)
);
comment on column discount.subscription_ref is 'null: of the customer, and so of all of their subscriptions';
create index discount_coupon on discount (org_id, live, coupon_ref);
create index discount_subscription on discount (org_id, live, subscription_ref);
create index discount_customer on discount (org_id, live, customer_ref);

create table schedule_plan (
	org_id           uuid not null references organisation,
	live             boolean not null,
	ref              text not null,
	subscription_ref text,
	status           text not null,
	as_of            timestamptz not null,
	print            text not null,
	primary key (org_id, live, ref)
);
comment on table schedule_plan is 'subscription schedules of Stripe; schedule is the house''s own table of recurring jobs';

-- How money went back: an invoice has payments, a payment is a charge (ch_…) or a payment intent (pi_…) that has one.
create table invoice_payment (
	org_id      uuid not null references organisation,
	live        boolean not null,
	payment_ref text not null,
	invoice_ref text not null,
	primary key (org_id, live, payment_ref, invoice_ref)
);
create index invoice_payment_invoice on invoice_payment (org_id, live, invoice_ref);

create table charge (
	org_id         uuid not null references organisation,
	live           boolean not null,
	ref            text not null,
	payment_ref    text,
	refunded_minor bigint not null default 0,
	as_of          timestamptz not null,
	print          text not null,
	primary key (org_id, live, ref)
);
create index charge_payment on charge (org_id, live, payment_ref);

create table dispute (
	org_id       uuid not null references organisation,
	live         boolean not null,
	ref          text not null,
	charge_ref   text,
	payment_ref  text,
	amount_minor bigint not null default 0,
	status       text not null,
	as_of        timestamptz not null,
	print        text not null,
	primary key (org_id, live, ref)
);
create index dispute_charge on dispute (org_id, live, charge_ref);
create index dispute_payment on dispute (org_id, live, payment_ref);

-- Whose subscription it is, as the widget was told: kept, because the subscription itself may be heard of later.
create table subscription_claim (
	org_id           uuid not null references organisation,
	live             boolean not null,
	subscription_ref text not null,
	customer_ref     text not null,
	claimed_at       timestamptz not null default now(),
	primary key (org_id, live, subscription_ref)
);
comment on column subscription_claim.customer_ref is 'as the host knows them: customer.ref';

-- How far reading from Stripe is, a row a connection.
create table stripe_sync (
	org_id          uuid not null references organisation,
	live            boolean not null,
	job_id          uuid,
	phase           smallint not null default 0,
	cursor          text,
	counts          jsonb not null default '{}',
	import_began_at timestamptz,
	import_ended_at timestamptz,
	events_through  timestamptz,
	events_until    timestamptz,
	events_cursor   text,
	caught_up_at    timestamptz,
	scopes          jsonb,
	scopes_at       timestamptz,
	primary key (org_id, live)
);
comment on column stripe_sync.job_id is 'of the first import; phase and cursor are where it goes on';
comment on column stripe_sync.events_through is 'every event of before was read; events_until and events_cursor belong to the reading that is under way';
comment on column stripe_sync.scopes is 'what the key may do, as of scopes_at: [{"scope", "access", "allowed", "needed"}]';

-- The address is known before its secret: it is entered at Stripe, which then makes the secret.
alter table stripe_endpoint alter column secret_sealed drop not null;
insert into stripe_endpoint (org_id, live, id) select org_id, live, gen_random_uuid() from stripe_connection;

