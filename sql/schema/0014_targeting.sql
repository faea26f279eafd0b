-- What a condition over customers is judged by (lib/retention/condition.h): one row a customer, a column a fact.

-- Of several subscriptions one that runs speaks for the customer, the most valuable first.
create view customer_fact as
select c.org_id, c.live, c.id, c.ref, c.stripe_ref, c.email, c.name, c.customer_since, c.plan, c.region, c.language, c.currency,
	case when c.value_minor < 100 then 'trial' when c.value_minor < 2000 then 'low' when c.value_minor < 10000 then 'medium' else 'high' end
		as segment,
	s.status, s.period as interval, c.value_minor as value,
	greatest(floor(extract(epoch from now() - c.customer_since) / 86400), 0)::int as tenure,
	case when c.last_attempt_at > now() - interval '30 days' then (
		select count(*) from retention_session r
		where r.org_id = c.org_id and r.live = c.live and r.customer_ref = c.ref and r.started_at > now() - interval '30 days')::int
		else 0 end as attempts,
	coalesce(s.discounts <> '[]' and (s.discount_ends_at is null or s.discount_ends_at > now()), false) as discounted,
	coalesce(s.pause_behavior is not null or s.status = 'paused', false) as paused,
	c.attributes
from customer c
left join (
	select distinct on (org_id, live, customer_ref)
		org_id, live, customer_ref, status, period, discounts, discount_ends_at, pause_behavior
	from subscription
	order by org_id, live, customer_ref, status in ('trialing', 'active', 'past_due') desc, month_minor desc, ref) s
	on s.org_id = c.org_id and s.live = c.live and s.customer_ref = c.stripe_ref
where c.deleted_at is null and c.erased_at is null;

-- A named group of customers. It has no mode, like flows: the same condition holds for live and for test customers.
create table segment (
	org_id     uuid not null references organisation,
	id         uuid not null,
	name       text not null check (length(name) between 1 and 120),
	condition  jsonb not null,
	version    int not null default 1,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	primary key (org_id, id)
);
comment on column segment.condition is 'as lib/retention/condition.h has it';
create unique index segment_name on segment (org_id, lower(name));

alter table flow
	add column segment_id uuid,
	add column offer_policy text check (offer_policy in ('documented', 'adaptive')),
	add foreign key (org_id, segment_id) references segment;
comment on column flow.segment is 'only customers of this value segment';
comment on column flow.segment_id is 'only customers of this named segment; as published';
comment on column flow.offer_policy is 'how its offers are ordered; null: as the organisation says';
create index flow_segment on flow (org_id, segment_id) where segment_id is not null;

-- To whom an offer is made. A type without a row has the rule that lib/retention/eligibility.h documents.
create table offer_rule (
	org_id        uuid not null references organisation,
	offer_type    text not null check (offer_type in ('discount', 'pause', 'downgrade', 'extension', 'support')),
	enabled       boolean not null,
	accepted_most int check (accepted_most between 1 and 100),
	period_days   int not null check (period_days between 1 and 730),
	cooldown_days int not null check (cooldown_days between 0 and 730),
	discounted    boolean not null,
	updated_at    timestamptz not null default now(),
	primary key (org_id, offer_type)
);
comment on column offer_rule.accepted_most is 'how often a customer may accept it within period_days; null: any number';
comment on column offer_rule.cooldown_days is 'after an accepted offer of any type but support';
comment on column offer_rule.discounted is 'also to those who have a discount';

create table offer_policy (
	org_id     uuid primary key references organisation,
	policy     text not null check (policy in ('documented', 'adaptive')),
	floor      int not null check (floor between 1 and 50),
	updated_at timestamptz not null default now()
);
comment on column offer_policy.floor is 'per cent of sessions whose offers are in random order while the policy is adaptive';

-- A coupon that was asked of Stripe: the idempotency key is committed before the call is made.
create table coupon_request (
	org_id          uuid not null references organisation,
	live            boolean not null,
	id              uuid not null,
	idempotency_key text not null,
	form            text not null,
	state           text not null default 'sent' check (state in ('sent', 'done', 'refused')),
	coupon_ref      text,
	error           text,
	created_by      uuid,
	created_at      timestamptz not null default now(),
	finished_at     timestamptz,
	primary key (org_id, live, id)
);
