-- A session that comes to a subscription ends the time of the one before it there, and one that leaves a subscription gives it back: those are
-- to be judged again. $1 organisations, $2 modes, $3 ids, $4 the subscriptions joined or left.
insert into measure_dirty (org_id, live, kind, ref)
select distinct o.org_id, o.live, 'session', earlier.session_id::text
from unnest($1::uuid[], $2::boolean[], $3::uuid[], $4::text[]) t (org_id, live, id, subscription_ref)
join session_outcome o on o.org_id = t.org_id and o.live = t.live and o.session_id = t.id
cross join lateral (
	select e.session_id
	from session_outcome e
	where e.org_id = o.org_id and e.live = o.live and e.subscription_ref = t.subscription_ref and e.started_at < o.started_at
	order by e.started_at desc
	limit 1) earlier
