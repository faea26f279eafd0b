-- Takes the next $1 notes. Those of a subscription or a customer become notes of their sessions; the others' sessions are the answer, as
-- three arrays. A session without a subscription's name belongs to the one that its linked customer has.
with taken as (
	delete from measure_dirty d
	using (select org_id, seq from measure_dirty where kind <> 'risk' order by seq limit $1::int) next
	where d.org_id = next.org_id and d.seq = next.seq
	returning d.org_id, d.live, d.kind, d.ref
), parents as (
	select distinct org_id, live, kind, ref from taken where kind <> 'session'
), spread as (
	insert into measure_dirty (org_id, live, kind, ref)
	select o.org_id, o.live, 'session', o.session_id::text
	from parents p join session_outcome o on o.org_id = p.org_id and o.live = p.live and o.subscription_ref = p.ref
	where p.kind = 'subscription'
	union
	select o.org_id, o.live, 'session', o.session_id::text
	from parents p
	join subscription b on b.org_id = p.org_id and b.live = p.live and b.ref = p.ref
	join customer c on c.org_id = b.org_id and c.live = b.live and c.stripe_ref = b.customer_ref
	join session_outcome o on o.org_id = c.org_id and o.live = c.live and o.customer_ref = c.ref
	where p.kind = 'subscription'
	union
	select o.org_id, o.live, 'session', o.session_id::text
	from parents p join session_outcome o on o.org_id = p.org_id and o.live = p.live and o.customer_ref = p.ref
	where p.kind = 'customer'
)
select count(*) as taken, count(*) filter (where kind <> 'session') as spread,
	array_agg(org_id) filter (where kind = 'session')::text as orgs, array_agg(live) filter (where kind = 'session')::text as modes,
	array_agg(ref) filter (where kind = 'session')::text as sessions
from taken
