-- What has not gone out for a case that is over. $3: now.
update outreach_mail m
set state = 'cancelled', reason = c.state, held = null, finished_at = $3::timestamptz
from outreach_case c
where m.org_id = $1::uuid and m.live = $2::boolean and m.state = 'planned' and m.program = 'payment'
	and c.org_id = m.org_id and c.live = m.live and c.invoice_ref = m.occasion and c.state <> 'open'
