-- $3: now. How they stand, by currency; what they are worth a month.
select currency, count(*) filter (where status = 'active') as active, count(*) filter (where status = 'trialing') as trialing,
	count(*) filter (where status in ('past_due', 'unpaid')) as unpaid,
	count(*) filter (where cancel_at is not null or cancel_at_period_end) as cancelling,
	coalesce(sum(month_minor) filter (where status in ('active', 'past_due')), 0)::bigint as month_minor,
	coalesce(sum(month_minor) filter (where status in ('past_due', 'unpaid') or cancel_at is not null or cancel_at_period_end), 0)::bigint
		as at_risk_minor,
	count(*) filter (where period_ends_at <= $3::timestamptz + interval '7 days') as renew_in_7_days
from subscription
where org_id = $1::uuid and live = $2::boolean and status in ('trialing', 'active', 'past_due', 'unpaid')
group by currency
order by count(*) desc, currency
