-- Free text only for those who may read it ($5).
select session_id as id, outcome, offer_type, step, choice, reason_code, case when $5::boolean then reason_text end as reason_text,
	case when $5::boolean then feedback end as feedback, status, status_reason, effect, value_minor, saved_minor, currency,
	decided_at, settled_at
from decision
where org_id = $1::uuid and live = $2::boolean and session_id < $3::uuid
order by session_id desc
limit $4::int
