-- Who was said to have these subscriptions ($3) and is not linked yet.
select k.customer_ref, s.customer_ref as stripe_ref
from subscription_claim k
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.ref = k.subscription_ref
join customer c on c.org_id = $1::uuid and c.live = $2::boolean and c.stripe_ref = s.customer_ref and c.ref is null and c.erased_at is null
where k.org_id = $1::uuid and k.live = $2::boolean and k.subscription_ref = any ($3::text[])
order by k.claimed_at, k.subscription_ref
