select id, name, status, language, segment, plan, region, ranking_score, cancel_at, version, updated_at
from flow
where org_id = $1::uuid and id < $2::uuid
order by id desc
limit $3::int
