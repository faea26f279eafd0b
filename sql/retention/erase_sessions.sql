-- $3 becomes $4; what was written goes.
with s as (
	update retention_session
	set customer_ref = $4::text, email = null, region = null, attributes = null
	where org_id = $1::uuid and live = $2::boolean and customer_ref = $3::text
	returning org_id, live, id
), o as (
	update session_outcome
	set customer_ref = $4::text
	where org_id = $1::uuid and live = $2::boolean and customer_ref = $3::text
), k as (
	update subscription_claim
	set customer_ref = $4::text
	where org_id = $1::uuid and live = $2::boolean and customer_ref = $3::text
)
update decision d
set reason_text = null, feedback = null
from s
where d.org_id = s.org_id and d.live = s.live and d.session_id = s.id
