select v.version, v.created_at as published_at, coalesce(nullif(a.name, ''), a.email) as published_by,
	v.settings || jsonb_build_object('steps', v.steps) as flow
from flow_version v
left join account a on a.id = v.created_by
where v.org_id = $1::uuid and v.flow_id = $2::uuid and v.version = $3::int
