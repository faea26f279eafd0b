update flow f
set status = $3::text, updated_at = now()
from flow before
where f.org_id = $1::uuid and f.id = $2::uuid and before.org_id = f.org_id and before.id = f.id
returning before.status as before
