select ref, stripe_ref, email
from customer
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and erased_at is null
