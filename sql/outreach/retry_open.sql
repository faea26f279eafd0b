-- Cases whose next attempt of ours has no time yet, with the earliest one and what it takes to choose the hour. $3: now. No more than 15
-- attempts in all, Stripe's counted; none while Stripe has one planned.
select c.invoice_ref, extract(epoch from greatest($3::timestamptz, i.next_attempt_at + interval '1 day', c.retry_sent_at + interval '20 hours', c.opened_at
		+ make_interval(hours => 24 * coalesce(p.days[c.retries + 2], p.days[cardinality(p.days)] + 2 * (c.retries + 2 - cardinality(p.days))))))::bigint
		as from_s,
	p.retry_hour, k.attributes ->> 'timeZone' as own_zone, k.region, o.time_zone
from outreach_case c
join outreach_programs p on p.org_id = c.org_id and p.program = 'payment' and p.enabled
join outreach_policy o on o.org_id = c.org_id
join invoice i on i.org_id = c.org_id and i.live = c.live and i.ref = c.invoice_ref and i.attempts < 15
	and (i.next_attempt_at is null or i.next_attempt_at <= $3::timestamptz)
left join customer k on k.org_id = c.org_id and k.live = c.live and k.stripe_ref = c.customer_ref
where c.org_id = $1::uuid and c.live = $2::boolean and c.state = 'open' and not c.final and c.retry_at is null and c.retry_key is null
	and c.retries < p.retries
order by c.opened_at
limit 200
