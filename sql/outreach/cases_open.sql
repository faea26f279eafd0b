-- $3: now. An invoice whose payment was tried and failed, of a subscription that runs on.
insert into outreach_case (org_id, live, invoice_ref, customer_ref, subscription_ref, currency, due_minor, opened_at)
select i.org_id, i.live, i.ref, i.customer_ref, i.subscription_ref, i.currency, i.due_minor - i.paid_minor, $3::timestamptz
from invoice i
join outreach_programs p on p.org_id = i.org_id and p.program = 'payment' and p.enabled
join subscription s on s.org_id = i.org_id and s.live = i.live and s.ref = i.subscription_ref and s.status in ('trialing', 'active', 'past_due', 'unpaid')
where i.org_id = $1::uuid and i.live = $2::boolean and i.status = 'open' and i.attempts > 0 and i.due_minor > i.paid_minor
	and i.customer_ref is not null and i.created_at > $3::timestamptz - interval '30 days'
on conflict do nothing
