-- A session for its decision: with the steps that it was shown.
select s.customer_ref, s.subscription_ref, s.segment, s.value_minor, s.currency, s.step_order, s.cancel_now, v.steps,
	exists (select from stripe_connection c where c.org_id = s.org_id and c.live = s.live) as connected
from retention_session s
join flow_version v on v.org_id = s.org_id and v.flow_id = s.flow_id and v.version = s.flow_version
where s.org_id = $1::uuid and s.live = $2::boolean and s.id = $3::uuid
