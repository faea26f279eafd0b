with held as (
	select offer_policy from flow where org_id = $1::uuid and id = $2::uuid for update
)
update flow f
set offer_policy = $3::text
from held
where f.org_id = $1::uuid and f.id = $2::uuid
returning held.offer_policy as before
