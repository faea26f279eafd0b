select id, version, language, coalesce(segment, '') as segment, coalesce(plan, '') as plan, coalesce(region, '') as region, cancel_at
from flow
where org_id = $1::uuid and status = 'active'
order by ranking_score desc, id
limit 500
