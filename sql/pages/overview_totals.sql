-- $2 live, $3 days. What became of the flows that customers answered.
select count(*) as answered,
	count(*) filter (where outcome = 'accepted') as accepted,
	count(*) filter (where outcome in ('declined', 'cancelled')) as cancels,
	count(*) filter (where outcome = 'cancelled') as cancelled_at_once,
	count(*) filter (where outcome = 'dismissed') as dismissed,
	count(*) filter (where status = 'pending') as pending,
	count(*) filter (where status = 'manual') as manual
from decision
where org_id = $1::uuid and live = $2::boolean and decided_at >= now() - make_interval(days => $3::int)
