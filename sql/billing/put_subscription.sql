-- Subscriptions as Stripe knows them. One that has ended stays so, and none is incomplete again. What is derived stands in derive_subscription.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, customer_ref text, status text, price_ref text, product_ref text, items int, quantity bigint, period text, period_count int, amount_minor bigint, month_minor bigint, currency text, discount_refs text[], schedule_ref text, pause_behavior text, pause_resumes_at bigint, cancel_at_period_end boolean, cancel_at bigint, canceled_at bigint, cancel_reason text, ended_at bigint, trial_ends_at bigint, period_starts_at bigint, period_ends_at bigint, started_at bigint, latest_invoice_ref text)
	order by r.ref
), kept as (
	insert into subscription (org_id, live, ref, customer_ref, status, price_ref, product_ref, items, quantity, period, period_count, amount_minor, month_minor, currency, discount_refs, schedule_ref, pause_behavior, pause_resumes_at, cancel_at_period_end, cancel_at, canceled_at, cancel_reason, ended_at, trial_ends_at, period_starts_at, period_ends_at, started_at, latest_invoice_ref, as_of, print)
	select $1::uuid, $2::boolean, g.ref, g.customer_ref, g.status, g.price_ref, g.product_ref, g.items, g.quantity, g.period, g.period_count, g.amount_minor, g.month_minor, g.currency, g.discount_refs, g.schedule_ref, g.pause_behavior, to_timestamp(g.pause_resumes_at), g.cancel_at_period_end, to_timestamp(g.cancel_at), to_timestamp(g.canceled_at), g.cancel_reason, to_timestamp(g.ended_at), to_timestamp(g.trial_ends_at), to_timestamp(g.period_starts_at), to_timestamp(g.period_ends_at), to_timestamp(g.started_at), g.latest_invoice_ref, timestamptz 'epoch' + $3::bigint * interval '1 us', g.print
	from given g
	on conflict (org_id, live, ref) do update set
		customer_ref = excluded.customer_ref,
		status = excluded.status,
		price_ref = excluded.price_ref,
		product_ref = excluded.product_ref,
		items = excluded.items,
		quantity = excluded.quantity,
		period = excluded.period,
		period_count = excluded.period_count,
		amount_minor = excluded.amount_minor,
		month_minor = excluded.month_minor,
		currency = excluded.currency,
		discount_refs = excluded.discount_refs,
		schedule_ref = excluded.schedule_ref,
		pause_behavior = excluded.pause_behavior,
		pause_resumes_at = excluded.pause_resumes_at,
		cancel_at_period_end = excluded.cancel_at_period_end,
		cancel_at = excluded.cancel_at,
		canceled_at = excluded.canceled_at,
		cancel_reason = excluded.cancel_reason,
		ended_at = excluded.ended_at,
		trial_ends_at = excluded.trial_ends_at,
		period_starts_at = excluded.period_starts_at,
		period_ends_at = excluded.period_ends_at,
		started_at = excluded.started_at,
		latest_invoice_ref = excluded.latest_invoice_ref,
		as_of = greatest(subscription.as_of, excluded.as_of),
		print = excluded.print
	where $5::text = subscription.xmin::text or (case when excluded.status = 'incomplete' then 0 when excluded.status in ('canceled', 'incomplete_expired') then 2 else 1 end, excluded.as_of) > (case when subscription.status = 'incomplete' then 0 when subscription.status in ('canceled', 'incomplete_expired') then 2 else 1 end, subscription.as_of)
		or ($5::text = 'print' and (case when excluded.status = 'incomplete' then 0 when excluded.status in ('canceled', 'incomplete_expired') then 2 else 1 end, excluded.as_of) = (case when subscription.status = 'incomplete' then 0 when subscription.status in ('canceled', 'incomplete_expired') then 2 else 1 end, subscription.as_of) and excluded.print > subscription.print)
	returning ref
)
select g.ref, g.customer_ref, k.ref is not null and old.print is distinct from g.print as put, old.xmin::text as version,
	k.ref is null and old.print <> g.print and (case when old.status = 'incomplete' then 0 when old.status in ('canceled', 'incomplete_expired') then 2 else 1 end, old.as_of) = (case when g.status = 'incomplete' then 0 when g.status in ('canceled', 'incomplete_expired') then 2 else 1 end, timestamptz 'epoch' + $3::bigint * interval '1 us') as tie
from given g
left join kept k on k.ref = g.ref
left join subscription old on old.org_id = $1::uuid and old.live = $2::boolean and old.ref = g.ref
