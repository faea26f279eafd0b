-- Of the newest 10,000 that are unread.
select count(*) as unread, count(*) filter (where priority = 'urgent') as urgent, count(*) filter (where priority = 'high') as high,
	count(*) filter (where priority = 'medium') as medium, count(*) filter (where priority = 'low') as low
from (
	select a.priority
	from alert a
	where a.org_id = $1::uuid and a.live = $2::boolean and a.read_at is null
	order by a.number desc
	limit 10000) n
