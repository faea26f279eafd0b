-- What follows for these customers at Stripe ($3) from their subscriptions.
update customer c
set plan = d.plan, value_minor = d.value_minor, currency = d.currency, customer_since = d.since
from (
	select k.stripe_ref, best.plan, coalesce(w.value_minor, 0) as value_minor, coalesce(best.currency, k.stripe->>'currency') as currency,
		coalesce(to_timestamp((k.stripe->>'created')::bigint), f.since, k.customer_since) as since
	from customer k
	left join lateral (
		select s.plan, s.currency
		from subscription s
		where s.org_id = $1::uuid and s.live = $2::boolean and s.customer_ref = k.stripe_ref and s.status in ('trialing', 'active', 'past_due')
		order by s.month_minor desc, s.started_at, s.ref
		limit 1
	) best on true
	left join lateral (
		select sum(s.month_minor)::bigint as value_minor
		from subscription s
		where s.org_id = $1::uuid and s.live = $2::boolean and s.customer_ref = k.stripe_ref and s.status in ('trialing', 'active', 'past_due')
			and s.currency = best.currency
	) w on true
	left join lateral (
		select min(s.started_at) as since from subscription s where s.org_id = $1::uuid and s.live = $2::boolean and s.customer_ref = k.stripe_ref
	) f on true
	where k.org_id = $1::uuid and k.live = $2::boolean and k.stripe_ref = any ($3::text[])
) d
where c.org_id = $1::uuid and c.live = $2::boolean and c.stripe_ref = d.stripe_ref
	and (c.plan, c.value_minor, c.currency, c.customer_since) is distinct from (d.plan, d.value_minor, d.currency, d.since)
