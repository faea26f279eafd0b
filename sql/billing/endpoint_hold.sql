select id, secret_sealed
from stripe_endpoint
where org_id = $1::uuid and live = $2::boolean
for update
