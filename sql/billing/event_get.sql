select type, extract(epoch from created_at)::bigint as created_s, payload
from stripe_event
where org_id = $1::uuid and live = $2::boolean and id = $3::text and state in ('waiting', 'failed') and payload is not null
