select id, name
from segment
where org_id = $1::uuid
order by lower(name)
