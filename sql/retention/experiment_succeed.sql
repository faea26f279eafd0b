-- The flow $3 takes the place of the flow $2: in its schedule and its rank, and $2 is shown no more. Before and after of each.
with control as (
	select org_id, id, status, ranking_score, active_from, active_until
	from flow
	where org_id = $1::uuid and id = $2::uuid
	for update
), winner as (
	select org_id, id, status
	from flow
	where org_id = $1::uuid and id = $3::uuid
	for update
), shown as (
	update flow f
	set status = 'active', active_from = c.active_from, active_until = c.active_until, ranking_score = greatest(f.ranking_score, c.ranking_score),
		updated_at = now()
	from control c
	where f.org_id = $1::uuid and f.id = $3::uuid
	returning f.id, f.status
), hidden as (
	update flow f
	set status = 'inactive', active_from = null, active_until = null, updated_at = now()
	where f.org_id = $1::uuid and f.id = $2::uuid and f.status = 'active'
	returning f.id, f.status
)
select w.id, w.status as before, s.status as after
from winner w
join shown s using (id)
union all
select c.id, c.status, h.status
from control c
join hidden h using (id)
