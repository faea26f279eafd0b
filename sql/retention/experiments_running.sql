-- A row a variant, experiments in the order of their start.
select e.id, e.flow_id, coalesce(e.condition::text, '') as condition, v.kind, v.weight, coalesce(v.flow_id::text, '') as shown,
	coalesce(f.version::text, '') as version, coalesce(f.language, '') as language, coalesce(f.cancel_at, '') as cancel_at,
	coalesce(f.status, '') as status
from experiment e
join experiment_variant v on v.org_id = e.org_id and v.experiment_id = e.id
left join flow f on f.org_id = v.org_id and f.id = v.flow_id
where e.org_id = $1::uuid and e.status = 'running'
order by e.started_at, e.id, v.position
limit 500
