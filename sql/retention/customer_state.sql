-- What is known of a customer who clicks on Cancel; one row, also for a stranger. The subscription is the one that the host names, else
-- the customer's that runs and is worth most; facts as in the view customer_fact.
select
	(select count(*) from retention_session r
		where r.org_id = $1::uuid and r.live = $2::boolean and r.customer_ref = $3::text and r.started_at > now() - interval '30 days')::int as clicks,
	(select string_agg(a.offer || ' ' || floor(extract(epoch from a.at))::bigint, ' ' order by a.at desc)
		from (
			select d.offer_type, d.decided_at
			from retention_session r
			join decision d on d.org_id = r.org_id and d.live = r.live and d.session_id = r.id
			where r.org_id = $1::uuid and r.live = $2::boolean and r.customer_ref = $3::text and r.started_at > now() - interval '731 days'
				and d.outcome = 'accepted' and d.offer_type is not null
			union all
			select 'discount', m.accepted_at
			from outreach_offer m
			where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = c.id and m.accepted_at > now() - interval '731 days') a (offer, at)) as accepted,
	coalesce(c.plan, s.plan) as plan, c.region, c.language, coalesce(s.currency, c.currency) as currency,
	coalesce(s.month_minor, c.value_minor) as value_minor,
	case when c.id is not null then greatest(floor(extract(epoch from now() - c.customer_since) / 86400), 0)::int end as tenure, nullif(c.attributes, '{}') as attributes,
	s.status, s.period, s.price_ref, s.amount_minor, s.items,
	coalesce(s.discounts <> '[]' and (s.discount_ends_at is null or s.discount_ends_at > now()), false) as discounted,
	coalesce(s.pause_behavior is not null or s.status = 'paused', false) as paused,
	coalesce(s.schedule_ref is not null, false) as scheduled
from (values (1)) one
left join lateral (
	select * from customer where org_id = $1::uuid and live = $2::boolean and ref = $3::text and deleted_at is null and erased_at is null) c on true
left join lateral (
	select * from (
		select * from subscription where org_id = $1::uuid and live = $2::boolean and ref = $4::text
		union all
		select * from subscription where $4::text is null and org_id = $1::uuid and live = $2::boolean and customer_ref = c.stripe_ref) t
	order by (status in ('trialing', 'active', 'past_due')) desc, month_minor desc, ref
	limit 1) s on true
