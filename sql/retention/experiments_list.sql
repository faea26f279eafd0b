-- $3 status, null: all.
select e.id, e.name, e.status, e.flow_id, f.name as flow_name, e.basis, e.minimum_effect, e.winner, e.version, e.updated_at, e.started_at,
	e.stopped_at,
	(select count(*)::int from experiment_variant v where v.org_id = e.org_id and v.experiment_id = e.id) as variants
from experiment e
join flow f on f.org_id = e.org_id and f.id = e.flow_id
where e.org_id = $1::uuid and e.id < $2::uuid and ($3::text is null or e.status = $3::text)
order by e.id desc
limit $4::int
