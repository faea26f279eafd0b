with dropped as (
	update outreach_mail
	set state = 'cancelled', reason = 'the customer was erased', finished_at = now()
	where org_id = $1::uuid and live = $2::boolean and customer_id = $3::uuid and state = 'planned'
)
update customer
set ref = null, email = null, name = null, language = null, region = null, attributes = '{}', churn_risk = null, churn_risk_why = null,
	stripe = stripe - '{email,name,metadata}'::text[], outreach_paused_at = coalesce(outreach_paused_at, now()), erased_at = now()
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
