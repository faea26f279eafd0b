select c.invoice_ref
from outreach_case c
join outreach_programs p on p.org_id = c.org_id and p.program = 'payment' and p.enabled
where c.org_id = $1::uuid and c.live = $2::boolean and c.state = 'open' and c.retry_at <= $3::timestamptz and not c.final
order by c.retry_at
limit 200
