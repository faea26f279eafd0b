-- Where Stripe has an attempt of its own planned, or the program is switched off, ours waits. $3: now.
update outreach_case c
set retry_at = null
from invoice i, outreach_programs p
where c.org_id = $1::uuid and c.live = $2::boolean and c.state = 'open' and c.retry_at is not null and c.retry_key is null
	and i.org_id = c.org_id and i.live = c.live and i.ref = c.invoice_ref and p.org_id = c.org_id and p.program = 'payment'
	and (i.next_attempt_at > $3::timestamptz or not p.enabled)
