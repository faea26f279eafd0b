-- Whether an experiment runs with this flow, as its control or in another variant.
select exists (
	select from experiment e
	where e.org_id = $1::uuid and e.status = 'running'
		and (e.flow_id = $2::uuid or exists (
			select from experiment_variant v where v.org_id = e.org_id and v.experiment_id = e.id and v.flow_id = $2::uuid))) as tested
