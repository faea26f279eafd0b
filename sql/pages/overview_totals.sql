-- $2 live, $3 days. What became of the flows that customers answered. Saved as in retention/summary.sql: the offer that was taken is
-- applied at Stripe or needs nothing there.
select count(*) as answered,
	count(*) filter (where outcome = 'accepted') as accepted,
	count(*) filter (where outcome = 'accepted' and status in ('applied', 'recorded')) as kept,
	count(*) filter (where outcome in ('declined', 'cancelled')) as cancels,
	count(*) filter (where outcome = 'cancelled') as cancelled_at_once,
	count(*) filter (where outcome = 'dismissed') as dismissed,
	count(*) filter (where status = 'pending') as pending,
	count(*) filter (where status = 'manual') as manual
from decision
where org_id = $1::uuid and live = $2::boolean and decided_at >= now() - make_interval(days => $3::int)
