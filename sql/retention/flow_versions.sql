-- The newest first, those before version $3.
select v.version, v.version::text as cursor, v.created_at as published_at, coalesce(nullif(a.name, ''), a.email) as published_by,
	v.settings ->> 'name' as name, v.settings ->> 'language' as language, jsonb_array_length(v.steps) as steps
from flow_version v
left join account a on a.id = v.created_by
where v.org_id = $1::uuid and v.flow_id = $2::uuid and v.version < $3::int
order by v.version desc
limit $4::int
