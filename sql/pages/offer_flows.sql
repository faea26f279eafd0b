select id, name, coalesce(offer_policy, '') as policy
from flow
where org_id = $1::uuid and status in ('active', 'inactive')
order by status, ranking_score desc, id
limit 100
