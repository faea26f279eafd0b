select s.id, s.name, s.condition, s.version, s.updated_at,
	(select count(*) from flow f where f.org_id = s.org_id and f.segment_id = s.id)::int as flows
from segment s
where s.org_id = $1::uuid and s.id < $2::uuid
order by s.id desc
limit $3::int
