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
