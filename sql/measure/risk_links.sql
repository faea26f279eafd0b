-- Of these customers ($3 refs): the risk before, and the newest subscription that their sessions name, while Stripe's customer is not known.
select c.ref, c.churn_risk, case when c.stripe_ref is null then (
	select o.subscription_ref
	from session_outcome o
	where o.org_id = c.org_id and o.live = c.live and o.customer_ref = c.ref and o.subscription_ref is not null
	order by o.started_at desc
	limit 1) end as subscription_ref
from customer c
where c.org_id = $1::uuid and c.live = $2::boolean and c.ref = any ($3::text[]) and c.erased_at is null
order by c.ref collate "C"
