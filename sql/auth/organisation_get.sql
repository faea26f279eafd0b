select org_id as id, name, created_at as "createdAt"
from organisation
where org_id = $1::uuid
