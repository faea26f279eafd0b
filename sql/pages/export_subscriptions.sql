-- Subscriptions behind the ref $4, at most $5; $2 live, $3 whether their customers are named. Columns become those of the CSV.
select case when $3::boolean then ref end as subscription, case when $3::boolean then customer_ref end as customer, status, plan, items, quantity, period, period_count, month_minor,
	currency, discounts <> '[]' as discounted, discount_ends_at, pause_resumes_at, cancel_at_period_end, cancel_at, canceled_at, cancel_reason,
	ended_at, trial_ends_at, period_ends_at, started_at, ref as cursor
from subscription
where org_id = $1::uuid and live = $2::boolean and ref > $4::text
order by ref
limit $5::int
