-- What needs somebody: cancelled but not over yet, or unpaid. Parameters as of upcoming; $8: only "cancelling" or "unpaid" ones.
select coalesce(s.period_ends_at, 'infinity')::text || '|' || s.tie as cursor, case when $6::boolean then s.ref end as subscription_ref, s.status, case when s.cancel_at is not null or s.cancel_at_period_end then 'cancellation'
		when s.status = 'trialing' then 'trial' else 'renewal' end as reason,
	case when s.cancel_at is not null then s.cancel_at else s.period_ends_at end as ends_at, s.plan, s.period, s.month_minor, s.currency,
	k.id as customer_id, case when $6::boolean then k.ref end as customer_ref, k.churn_risk,
	case when $6::boolean then k.name end as name, case when $6::boolean then k.email end as email
from (select *, case when $6::boolean then ref else md5(ref) end as tie from subscription) s
left join customer k on k.org_id = s.org_id and k.live = s.live and k.stripe_ref = s.customer_ref
where s.org_id = $1::uuid and s.live = $2::boolean
	and (s.status in ('past_due', 'unpaid') or s.cancel_at_period_end or s.cancel_at is not null)
	and s.status in ('trialing', 'active', 'past_due', 'unpaid')
	and coalesce(s.cancel_at, 'infinity') > $3::timestamptz and coalesce(s.period_ends_at, 'infinity') <= $3::timestamptz + make_interval(hours => 24 * $4::int)
	and coalesce(s.period_ends_at, 'infinity') >= split_part($5::text, '|', 1)::timestamptz
	and (coalesce(s.period_ends_at, 'infinity'), s.tie) > (split_part($5::text, '|', 1)::timestamptz, split_part($5::text, '|', 2))
	and ($8::text is null or ($8::text = 'unpaid') = (s.status in ('past_due', 'unpaid')))
order by coalesce(s.period_ends_at, 'infinity'), s.tie
limit $7::int
