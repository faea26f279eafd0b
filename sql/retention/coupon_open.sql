-- The same wish whose call was never answered: Stripe keeps idempotency keys for at least 24 hours.
select id, idempotency_key
from coupon_request
where org_id = $1::uuid and live = $2::boolean and form = $3::text and state = 'sent' and created_at > now() - interval '23 hours'
order by id desc
limit 1
