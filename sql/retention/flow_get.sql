select f.id, f.name, f.status, f.language, f.segment, f.plan, f.region, f.ranking_score, f.cancel_at, f.version, f.created_at, f.updated_at,
	v.steps
from flow f
join flow_version v on v.org_id = f.org_id and v.flow_id = f.id and v.version = f.version
where f.org_id = $1::uuid and f.id = $2::uuid
