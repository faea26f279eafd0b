-- The mail that has been due for longest, with all that decides whether and when it goes. $3: now.
select m.id, m.kind, m.program, m.percent, m.step, k.id as customer_id, k.email, k.name, k.language, k.region, k.attributes ->> 'timeZone' as own_zone,
	k.outreach_paused_at is not null as paused, o.organisation, o.sender_name, o.reply_to, o.time_zone, o.quiet_from, o.quiet_until, o.customer_cap,
	o.organisation_cap, o.return_url, s.plan, c.due_minor, c.currency, i.hosted_url, f.months,
	extract(epoch from coalesce(s.cancel_at, s.period_ends_at))::bigint as ends_s,
	extract(epoch from (date_trunc('day', $3::timestamptz at time zone o.time_zone) + interval '1 day') at time zone o.time_zone)::bigint as tomorrow_s,
	case when m.created_at < $3::timestamptz - interval '3 days' then 'too-late'
		when m.program = 'payment' and (c.state is distinct from 'open' or i.status is distinct from 'open') then 'paid'
		when m.program = 'payment' and c.step > m.step then 'too-late'
		when m.program = 'retention' and (s.status not in ('trialing', 'active') or not (s.cancel_at_period_end or s.cancel_at is not null)
			or coalesce(s.cancel_at, s.period_ends_at) <= $3::timestamptz or s.discounts <> '[]') then 'not-ending'
		when m.program = 'reactivation' and exists (select from subscription r where r.org_id = m.org_id and r.live = m.live
			and r.customer_ref = k.stripe_ref and r.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused')) then 'came-back'
		end as stale, (
		select count(*) from outreach_mail x where x.org_id = m.org_id and x.live = m.live and x.handed_at >= d.today
			and x.state in ('queued', 'sent')) as organisation_sent, (
		select count(*) from outreach_mail x where x.org_id = m.org_id and x.live = m.live and x.customer_id = m.customer_id
			and x.handed_at >= d.today and x.state in ('queued', 'sent')) as customer_sent
from outreach_mail m
join outreach_programs p on p.org_id = m.org_id and p.program = m.program and p.enabled
join outreach_policy o on o.org_id = m.org_id
cross join lateral (select date_trunc('day', $3::timestamptz at time zone o.time_zone) at time zone o.time_zone as today) d
join customer k on k.org_id = m.org_id and k.live = m.live and k.id = m.customer_id
left join subscription s on s.org_id = m.org_id and s.live = m.live and s.ref = m.subscription_ref
left join invoice i on i.org_id = m.org_id and i.live = m.live and i.ref = m.invoice_ref
left join outreach_case c on c.org_id = m.org_id and c.live = m.live and c.invoice_ref = m.invoice_ref
left join outreach_offer f on f.org_id = m.org_id and f.live = m.live and f.id = m.id
where m.org_id = $1::uuid and m.live = $2::boolean and m.state = 'planned' and m.due_at <= $3::timestamptz
order by m.due_at, m.number
limit 1
