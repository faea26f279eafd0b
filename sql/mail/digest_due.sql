-- Who has waited past the first 08:00 on their own clock since their oldest entry. $1: now. The day is counted on that clock, where it
-- may have 23 or 25 hours.
select e.org_id, e.account_id, e.live
from (
	select org_id, account_id, live, min(created_at) as oldest
	from mail_digest_entry
	group by org_id, account_id, live
) e
join account a on a.id = e.account_id
cross join lateral (select e.oldest at time zone a.time_zone as wall) l
where $1::timestamptz >= (
		date_trunc('day', l.wall) + interval '8 hours' + case when l.wall::time >= time '08:00' then interval '1 day' else interval '0' end
	) at time zone a.time_zone
order by e.oldest
limit 1000
