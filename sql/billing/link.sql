-- The host's customer $3 is Stripe's $4, whose row has no ref: it takes that of a row of the widget's own, which goes. Who was
-- erased is not linked: whoever comes back is a new customer.
with gone as (
	delete from customer
	where org_id = $1::uuid and live = $2::boolean and ref = $3::text and stripe_ref is null
		and exists (select from customer s where s.org_id = $1::uuid and s.live = $2::boolean and s.stripe_ref = $4::text and s.ref is null
			and s.erased_at is null)
	returning *
)
update customer c
set ref = $3::text,
	email = coalesce(c.email, g.email),
	name = coalesce(c.name, g.name),
	language = coalesce(c.language, g.language),
	region = coalesce(c.region, g.region),
	attributes = c.attributes || coalesce(g.attributes, '{}'),
	attempts = c.attempts + coalesce(g.attempts, 0),
	last_attempt_at = greatest(c.last_attempt_at, g.last_attempt_at),
	churn_risk = coalesce(g.churn_risk, c.churn_risk),
	churn_risk_why = coalesce(g.churn_risk_why, c.churn_risk_why),
	churn_risk_at = coalesce(g.churn_risk_at, c.churn_risk_at),
	created_at = least(c.created_at, g.created_at),
	outreach_paused_at = coalesce(c.outreach_paused_at, g.outreach_paused_at)
from (select 1) one
left join gone g on true
where c.org_id = $1::uuid and c.live = $2::boolean and c.stripe_ref = $4::text and c.ref is null and c.erased_at is null
	and not exists (select from customer o where o.org_id = $1::uuid and o.live = $2::boolean and o.ref = $3::text and o.stripe_ref is not null)
