-- $2 live, $3 days. One row an offer type.
select offer_type, count(*) as shown, count(*) filter (where answer = 'accepted') as accepted
from offer_event
where org_id = $1::uuid and live = $2::boolean and created_at >= now() - make_interval(days => $3::int)
	and offer_type in ('discount', 'pause', 'downgrade', 'extension', 'support')
group by offer_type
order by count(*) desc, offer_type
