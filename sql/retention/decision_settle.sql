-- $8: the status so far.
update decision d
set status = $4::text, status_reason = $5::text, effect = $6::jsonb, saved_minor = $7::bigint, settled_at = clock_timestamp()
from retention_session s
where d.org_id = $1::uuid and d.live = $2::boolean and d.session_id = $3::uuid and d.status = $8::text
	and s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
returning d.session_id, d.outcome, jsonb_build_object('customer', s.customer_ref, 'subscription', s.subscription_ref, 'flow', s.flow_id,
	'outcome', d.outcome, 'offer', d.offer_type, 'status', d.status, 'reason', d.status_reason, 'effect', d.effect,
	'saved_minor', d.saved_minor, 'currency', d.currency)::text as payload
