-- $3: the invoice, $4: now, $5: how much, $6: by a retry of ours, or found paid before it.
update outreach_case c
set state = 'recovered', closed_at = $4::timestamptz, recovered_minor = least(c.due_minor, $5::bigint), retry_key = null, retry_at = null,
	retries = c.retries + $6::boolean::int, decline = null,
	reason = case when $6::boolean then 'retry'
		when exists (select from outreach_mail m where m.org_id = c.org_id and m.live = c.live and m.program = 'payment'
			and m.occasion = c.invoice_ref and m.handed_at is not null) then 'mail'
		else 'stripe' end
where c.org_id = $1::uuid and c.live = $2::boolean and c.invoice_ref = $3::text and c.state = 'open'
returning c.invoice_ref, c.customer_ref, c.subscription_ref, c.state, c.reason, c.recovered_minor, c.currency
