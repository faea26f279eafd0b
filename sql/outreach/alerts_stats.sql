select count(*) as unread, count(*) filter (where priority = 'urgent') as urgent, count(*) filter (where priority = 'high') as high,
	count(*) filter (where priority = 'medium') as medium, count(*) filter (where priority = 'low') as low
from alert
where org_id = $1::uuid and live = $2::boolean and read_at is null
