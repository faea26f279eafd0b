select c.id, c.ref, c.stripe_ref, c.name, c.email, c.language, c.region,
	c.plan, c.value_minor, c.currency, c.attributes, c.attempts, c.last_attempt_at, c.delinquent, c.churn_risk, c.churn_risk_why, c.customer_since,
	c.outreach_paused_at, c.erased_at
from customer c
where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid and c.deleted_at is null
