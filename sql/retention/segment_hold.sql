select name, condition, version
from segment
where org_id = $1::uuid and id = $2::uuid
for update
