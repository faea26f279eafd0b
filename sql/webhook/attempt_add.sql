-- $3 the delivery's new state, then what the attempt came to.
with counted as (
	update webhook_delivery
	set attempts = attempts + 1, state = $3, status = $5::int, settled_at = case when $3 <> 'pending' then now() end
	where org_id = $1::uuid and id = $2::uuid
	returning attempts
)
insert into webhook_attempt (org_id, delivery_id, number, duration_ms, status, trouble, request_headers, request_body, response_headers,
	response_body)
select $1::uuid, $2::uuid, counted.attempts, $4::int, $5::int, $6, $7::jsonb, $8, $9::jsonb, $10
from counted
