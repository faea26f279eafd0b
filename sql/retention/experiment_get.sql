select e.id, e.name, e.hypothesis, e.status, e.flow_id, f.name as flow_name, e.condition, e.basis, e.minimum_effect, e.winner, e.version,
	e.created_at, e.updated_at, e.started_at, e.stopped_at,
	(select jsonb_agg(jsonb_build_object('position', v.position, 'kind', v.kind, 'name', v.name, 'flow_id', v.flow_id, 'flow_name', w.name,
		'weight', v.weight) order by v.position)
	from experiment_variant v
	left join flow w on w.org_id = v.org_id and w.id = v.flow_id
	where v.org_id = e.org_id and v.experiment_id = e.id) as variants
from experiment e
join flow f on f.org_id = e.org_id and f.id = e.flow_id
where e.org_id = $1::uuid and e.id = $2::uuid
