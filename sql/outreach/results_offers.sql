select count(*) as made, count(*) filter (where accepted_at is not null) as accepted, count(*) filter (where state = 'applied') as applied,
	count(*) filter (where state = 'manual') as manual
from outreach_offer
where org_id = $1::uuid and live = $2::boolean and created_at > now() - make_interval(days => $3::int)
