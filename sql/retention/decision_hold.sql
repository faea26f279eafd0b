select status, status_reason, outcome, offer_type, value_minor
from decision
where org_id = $1::uuid and live = $2::boolean and session_id = $3::uuid
for update
