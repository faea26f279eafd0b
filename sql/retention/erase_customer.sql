-- Why a mail failed may quote the address.
with mails as (
	update outreach_mail
	set state = case when state = 'planned' then 'cancelled' else state end,
		reason = case when state = 'planned' then 'the customer was erased' end,
		finished_at = case when state = 'planned' then now() else finished_at end
	where org_id = $1::uuid and live = $2::boolean and customer_id = $3::uuid and (state = 'planned' or reason is not null)
)
update customer
set ref = null, email = null, name = null, language = null, region = null, attributes = '{}', churn_risk = null, churn_risk_why = null,
	stripe = stripe - '{email,name,language,region,metadata}'::text[], outreach_paused_at = coalesce(outreach_paused_at, now()),
	erased_at = now()
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
