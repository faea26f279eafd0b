select id, name, condition, version, created_at, updated_at
from segment
where org_id = $1::uuid and id = $2::uuid
