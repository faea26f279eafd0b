select f.id, f.version, f.name, f.language, v.steps,
	coalesce(extract(epoch from f.active_from)::bigint::text, '') as active_from,
	coalesce(extract(epoch from f.active_until)::bigint::text, '') as active_until
from flow f
join flow_version v on v.org_id = f.org_id and v.flow_id = f.id and v.version = f.version
where f.org_id = $1::uuid and f.id = $2::uuid and f.status = 'active'
