-- The key is new for each operation and the same for each time that it is sent.
insert into stripe_operation (org_id, live, session_id, number, purpose, idempotency_key, method, path, form)
select $1::uuid, $2::boolean, $3::uuid, next.number, $4::text, 'stoa-' || $3::uuid || '-' || next.number, 'POST', $5::text, $6::text
from (
	select coalesce(max(number), 0) + 1 as number
	from stripe_operation
	where org_id = $1::uuid and live = $2::boolean and session_id = $3::uuid
) next
returning number, idempotency_key, form
