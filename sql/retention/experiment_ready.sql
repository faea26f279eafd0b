-- Its variants with what is to be known of their flows before it starts; the control's is the experiment's. Flows stay as they are until the
-- transaction ends.
select v.position, v.kind, coalesce(f.id, e.flow_id) as flow_id, coalesce(f.name, c.name) as flow_name, coalesce(f.status, c.status) as status,
	coalesce(f.version, c.version) as version,
	f.id is null or (f.language, f.segment, f.segment_id, f.plan, f.region)
		is not distinct from (c.language, c.segment, c.segment_id, c.plan, c.region) as replaces
from experiment e
join experiment_variant v on v.org_id = e.org_id and v.experiment_id = e.id
join flow c on c.org_id = e.org_id and c.id = e.flow_id
left join flow f on f.org_id = v.org_id and f.id = v.flow_id
where e.org_id = $1::uuid and e.id = $2::uuid
order by v.position
for share of c
