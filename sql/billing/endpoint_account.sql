-- Whose account a mode has been connected to, and whether customers of it are mirrored.
select e.account, exists (
	select from customer k where k.org_id = e.org_id and k.live = e.live and k.stripe_ref is not null) as mirrored
from stripe_endpoint e
where e.org_id = $1::uuid and e.live = $2::boolean
for update
