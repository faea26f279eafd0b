-- What follows for these subscriptions ($3) from their prices, products, discounts and schedules. Answers those that changed.
update subscription s
set plan = d.plan, discounts = d.discounts, discount_ends_at = d.ends_at, schedule_ref = d.schedule_ref
from (
	select t.ref, coalesce(p.nickname, nullif(r.name, ''), t.price_ref) as plan,
		coalesce(x.discounts, '[]') as discounts, x.ends_at,
		case when c.ref is null then t.schedule_ref end as schedule_ref
	from subscription t
	left join price p on p.org_id = $1::uuid and p.live = $2::boolean and p.ref = t.price_ref
	left join product r on r.org_id = $1::uuid and r.live = $2::boolean and r.ref = coalesce(p.product_ref, t.product_ref)
	left join schedule_plan c on c.org_id = $1::uuid and c.live = $2::boolean and c.ref = t.schedule_ref
		and c.status in ('released', 'canceled', 'completed')
	left join lateral (
		select jsonb_agg(jsonb_build_object('ref', g.ref, 'coupon', i.coupon_ref, 'percent', k.percent_off, 'amount', k.amount_minor,
				'currency', k.currency, 'ends_at', to_char(i.ends_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')) order by g.ref) as discounts,
			case when bool_and(i.ends_at is not null) then max(i.ends_at) end as ends_at
		from (
			select unnest(t.discount_refs) as ref
			union
			select o.ref from discount o where o.org_id = $1::uuid and o.live = $2::boolean and o.customer_ref = t.customer_ref
				and o.subscription_ref is null
		) g
		left join discount i on i.org_id = $1::uuid and i.live = $2::boolean and i.ref = g.ref
		left join coupon k on k.org_id = $1::uuid and k.live = $2::boolean and k.ref = i.coupon_ref
		where i.deleted is not true
	) x on true
	where t.org_id = $1::uuid and t.live = $2::boolean and t.ref = any ($3::text[])
) d
where s.org_id = $1::uuid and s.live = $2::boolean and s.ref = d.ref
	and (s.plan, s.discounts, s.discount_ends_at, s.schedule_ref) is distinct from (d.plan, d.discounts, d.ends_at, d.schedule_ref)
