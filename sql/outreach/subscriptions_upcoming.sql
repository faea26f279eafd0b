-- What renews or ends within $4 days of now ($3), the nearest first. $5: the last row of the page before, "time|subscription"; $7: rows; $8:
-- only renewals, cancellations or trials; $6: may see who it is, else the subscription in $5 is a digest of its id.
select s.period_ends_at::text || '|' || s.tie as cursor, case when $6::boolean then s.ref end as subscription_ref, s.status, case when s.cancel_at is not null or s.cancel_at_period_end then 'cancellation'
		when s.status = 'trialing' then 'trial' else 'renewal' end as reason,
	case when s.cancel_at is not null then s.cancel_at else s.period_ends_at end as ends_at, s.plan, s.period, s.month_minor, s.currency,
	k.id as customer_id, case when $6::boolean then k.ref end as customer_ref, k.churn_risk,
	case when $6::boolean then k.name end as name, case when $6::boolean then k.email end as email
from (select *, case when $6::boolean then ref else md5(ref) end as tie from subscription) s
left join customer k on k.org_id = s.org_id and k.live = s.live and k.stripe_ref = s.customer_ref
where s.org_id = $1::uuid and s.live = $2::boolean and s.status in ('trialing', 'active', 'past_due')
	and s.period_ends_at >= $3::timestamptz and s.period_ends_at <= $3::timestamptz + make_interval(hours => 24 * $4::int)
	and s.period_ends_at >= split_part($5::text, '|', 1)::timestamptz
	and (s.period_ends_at, s.tie) > (split_part($5::text, '|', 1)::timestamptz, split_part($5::text, '|', 2))
	and ($8::text is null or $8::text = case when s.cancel_at is not null or s.cancel_at_period_end then 'cancellation'
		when s.status = 'trialing' then 'trial' else 'renewal' end)
order by s.period_ends_at, s.tie
limit $7::int
