-- $1 days unless the organisation says otherwise, $2 rows. Who clicked is forgotten; what became of it stays, for the figures. Goes on behind
-- the mark of each organisation and mode; a session's id begins with its time. Customers whom only the widget knew go with their newest
-- session, so they are never more than the sessions are.
with old as (
	select s.org_id, s.live, s.id, 'erased-' || gen_random_uuid() as pseudonym
	from organisation o
	left join keep_period p on p.org_id = o.org_id and p.name = 'sessions'
	cross join (values (true), (false)) m (live)
	left join keep_mark k on k.org_id = o.org_id and k.live = m.live
	cross join lateral (
		select org_id, live, id
		from retention_session
		where org_id = o.org_id and live = m.live and id > coalesce(k.id, '00000000-0000-0000-0000-000000000000') and id < (lpad(to_hex(
			(extract(epoch from now() - make_interval(days => coalesce(p.days, $1::int))) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
		order by id
		limit $2::int) s
	limit $2::int
), marked as (
	insert into keep_mark as t (org_id, live, id)
	select org_id, live, (array_agg(id order by id desc))[1]
	from old
	group by org_id, live
	on conflict (org_id, live) do update set id = greatest(t.id, excluded.id)
), outcomes as (
	update session_outcome t
	set customer_ref = old.pseudonym
	from old
	where t.org_id = old.org_id and t.live = old.live and t.session_id = old.id
), strangers as (
	delete from customer t
	using (
		select c.org_id, c.live, c.id
		from organisation o
		left join keep_period p on p.org_id = o.org_id and p.name = 'sessions'
		cross join lateral (
			select org_id, live, id
			from customer c
			where org_id = o.org_id and stripe_ref is null and last_attempt_at < now() - make_interval(days => coalesce(p.days, $1::int))
				and not exists (select from outreach_mail m where m.org_id = c.org_id and m.live = c.live and m.customer_id = c.id)
			order by last_attempt_at
			limit $2::int) c
		limit $2::int) gone
	where t.org_id = gone.org_id and t.live = gone.live and t.id = gone.id
)
update retention_session t
set customer_ref = old.pseudonym, email = null, attributes = null
from old
where t.org_id = old.org_id and t.live = old.live and t.id = old.id
