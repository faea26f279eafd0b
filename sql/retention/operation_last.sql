select number, idempotency_key, form, state, extract(epoch from now() - created_at)::bigint as age_s
from stripe_operation
where org_id = $1::uuid and live = $2::boolean and session_id = $3::uuid and purpose = $4::text
order by number desc
limit 1
