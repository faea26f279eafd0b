select id, name, condition
from segment
where org_id = $1::uuid
order by lower(name), id
limit 500
