-- What was decided. `first_status` is what the decision was answered with, also when it has been settled since.
select outcome, offer_type, status, status_reason, effect, saved_minor, currency, request_hash,
	case when settled_at = decided_at then status else 'pending' end as first_status
from decision
where org_id = $1::uuid and live = $2::boolean and session_id = $3::uuid
