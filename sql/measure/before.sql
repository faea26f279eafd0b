-- A session that is new on its subscription ends the time of the one before it: what was paid since is no longer that one's. $1
-- organisations, $2 modes, $3 ids.
insert into measure_dirty (org_id, live, kind, ref)
select distinct o.org_id, o.live, 'session', earlier.session_id::text
from unnest($1::uuid[], $2::boolean[], $3::uuid[]) t (org_id, live, id)
join session_outcome o on o.org_id = t.org_id and o.live = t.live and o.session_id = t.id
cross join lateral (
	select e.session_id, e.paid_minor
	from session_outcome e
	where e.org_id = o.org_id and e.live = o.live and e.subscription_ref = o.subscription_ref and e.started_at < o.started_at
	order by e.started_at desc
	limit 1) earlier
where earlier.paid_minor > 0
