-- A case whose invoice may still be tried. $4: now.
select c.retry_key, extract(epoch from $4::timestamptz - c.retry_sent_at)::bigint as age_s, s.key_sealed
from outreach_case c
left join stripe_connection s on s.org_id = c.org_id and s.live = c.live
where c.org_id = $1::uuid and c.live = $2::boolean and c.invoice_ref = $3::text and c.state = 'open'
	and exists (select from outreach_programs p where p.org_id = c.org_id and p.program = 'payment' and p.enabled)
