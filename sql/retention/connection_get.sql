select case when live then 'live' else 'test' end as mode, key_last4 as last4, account, created_at, updated_at
from stripe_connection
where org_id = $1::uuid and live = $2::boolean
