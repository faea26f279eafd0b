-- $3: now. Subscriptions that were cancelled and end within the days chosen, at most 7: a mail with an offer, once in 5 days (inventory D.4), and an
-- alert. Only where an offer may be made: not on a schedule, not discounted, not paused, within the organisation's rule for discounts
-- (retention/eligibility.h, whose defaults these are); never below a value of 1.
with candidate as (
	select distinct on (k.id) gen_random_uuid() as id, k.id as customer_id, s.ref, s.customer_ref, s.month_minor, s.currency, e.ends_at,
		coalesce(s.period_starts_at, s.started_at) as occasion, p.months,
		p.percents[case when s.month_minor >= 10000 then 3 when s.month_minor >= 2000 then 2 else 1 end] as percent
	from outreach_programs p
	join subscription s on s.org_id = p.org_id and s.live = $2::boolean and s.status in ('trialing', 'active')
		and (s.period_ends_at between $3::timestamptz and $3::timestamptz + interval '168 hours'
			or s.cancel_at between $3::timestamptz and $3::timestamptz + interval '168 hours')
	cross join lateral (select coalesce(s.cancel_at, s.period_ends_at) as ends_at) e
	join customer k on k.org_id = s.org_id and k.live = s.live and k.stripe_ref = s.customer_ref
	left join offer_rule r on r.org_id = p.org_id and r.offer_type = 'discount'
	cross join lateral (
		select count(*) filter (where a.offer_type = 'discount' and a.at > $3::timestamptz - make_interval(hours => 24 * coalesce(r.period_days, 365)))
				as taken, max(a.at) filter (where a.offer_type <> 'support') as last
		from (
			select d.offer_type, d.decided_at as at
			from retention_session t
			join decision d on d.org_id = t.org_id and d.live = t.live and d.session_id = t.id and d.outcome = 'accepted'
			where t.org_id = $1::uuid and t.live = $2::boolean and t.customer_ref = k.ref
			union all
			select 'discount', f.accepted_at
			from outreach_offer f
			where f.org_id = $1::uuid and f.live = $2::boolean and f.customer_id = k.id and f.accepted_at is not null
		) a
	) accepted
	where p.org_id = $1::uuid and p.program = 'retention' and p.enabled
		and coalesce(r.enabled, true) and accepted.taken < coalesce(case when r.org_id is null then 1 else r.accepted_most end, 1000000)
		and (accepted.last is null or accepted.last <= $3::timestamptz - make_interval(hours => 24 * coalesce(r.cooldown_days, 90)))
		and (s.cancel_at_period_end or s.cancel_at is not null) and s.schedule_ref is null and s.pause_behavior is null and s.discounts = '[]'
		and s.month_minor >= 100
		and e.ends_at > $3::timestamptz and e.ends_at <= $3::timestamptz + make_interval(hours => 24 * least(p.days[1], 7))
		and k.email is not null and k.deleted_at is null and k.erased_at is null and k.outreach_paused_at is null
		and not exists (
			select from outreach_mail m
			where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = k.id and m.program = 'retention'
				and m.created_at > $3::timestamptz - interval '5 days')
	order by k.id, s.month_minor desc
	limit 500
), mails as (
	insert into outreach_mail (org_id, live, id, program, kind, customer_id, subscription_ref, occasion, step, percent, state, due_at, created_at)
	select $1::uuid, $2::boolean, c.id, 'retention', 'retention.offer', c.customer_id, c.ref,
		c.ref || '@' || to_char($3::timestamptz at time zone 'UTC', 'YYYY-MM-DD'), 1, c.percent, 'planned', $3::timestamptz, $3::timestamptz
	from candidate c
	on conflict do nothing
	returning id
), offers as (
	insert into outreach_offer (org_id, live, id, customer_id, subscription_ref, percent, months, month_minor, currency, created_at, expires_at)
	select $1::uuid, $2::boolean, c.id, c.customer_id, c.ref, c.percent, c.months, c.month_minor, c.currency, $3::timestamptz, c.ends_at
	from candidate c
	join mails m on m.id = c.id
)
insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, currency, created_at)
select $1::uuid, $2::boolean, gen_random_uuid(), 'auto_retention_triggered', 'medium', c.ref, c.customer_ref, 'cancellation',
	ceil(extract(epoch from c.ends_at - $3::timestamptz) / 86400)::int, c.ends_at, c.occasion, c.month_minor, c.currency, $3::timestamptz
from candidate c
join mails m on m.id = c.id
on conflict do nothing
returning id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, month_minor, currency
