-- $3: now. A case is over when the invoice is paid or will not be.
update outreach_case c
set state = case when i.status = 'paid' then 'recovered' else 'ended' end, closed_at = $3::timestamptz,
	recovered_minor = case when i.status = 'paid' then least(c.due_minor, i.paid_minor) else 0 end,
	reason = case when i.status in ('void', 'uncollectible') then 'voided'
		when i.status = 'open' and s.status is distinct from 'canceled' then case when p.enabled then 'gave-up' else 'switched-off' end
		when i.status = 'open' then 'subscription-ended'
		when exists (select from outreach_mail m where m.org_id = c.org_id and m.live = c.live and m.program = 'payment'
			and m.occasion = c.invoice_ref and m.handed_at is not null) then 'mail'
		else 'stripe' end
from invoice i
join outreach_programs p on p.org_id = i.org_id and p.program = 'payment'
left join subscription s on s.org_id = i.org_id and s.live = i.live and s.ref = i.subscription_ref
where c.org_id = $1::uuid and c.live = $2::boolean and c.state = 'open' and i.org_id = c.org_id and i.live = c.live and i.ref = c.invoice_ref
	and (i.status <> 'open' or s.status = 'canceled' or c.opened_at < $3::timestamptz - interval '30 days')
returning c.invoice_ref, c.customer_ref, c.subscription_ref, c.state, c.reason, c.recovered_minor, c.currency
