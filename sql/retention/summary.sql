-- The last $3 days. A saved session took an offer that has been applied at Stripe or needs nothing there.
select $3::int as days, $2::boolean as live,
	(select count(*) from offer_event
		where org_id = $1::uuid and live = $2::boolean and created_at > now() - make_interval(days => $3::int)) as offers_shown,
	d.decided, d.accepted, d.cancels, d.dismissed, d.saved, d.pending, d.manual,
	case when d.decided > 0 then round(100.0 * d.saved / d.decided, 1) end as save_rate_percent,
	'sessions that took an offer which is applied or recorded, of all sessions decided in the period (taken, cancelled or closed)'
		as save_rate_definition,
	(select coalesce(jsonb_object_agg(currency, saved), '{}') from (
		select currency, sum(saved_minor)::bigint as saved
		from decision
		where org_id = $1::uuid and live = $2::boolean and decided_at > now() - make_interval(days => $3::int)
			and currency is not null and saved_minor > 0
		group by currency) by_currency) as saved_minor
from (
	select count(*) as decided,
		count(*) filter (where outcome = 'accepted') as accepted,
		count(*) filter (where outcome in ('declined', 'cancelled')) as cancels,
		count(*) filter (where outcome = 'dismissed') as dismissed,
		count(*) filter (where outcome = 'accepted' and status in ('applied', 'recorded')) as saved,
		count(*) filter (where status = 'pending') as pending,
		count(*) filter (where status = 'manual') as manual
	from decision
	where org_id = $1::uuid and live = $2::boolean and decided_at > now() - make_interval(days => $3::int)
) d
