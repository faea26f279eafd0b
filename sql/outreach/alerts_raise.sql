-- $3: now, $4: most. A renewal counts from the boundary that is at most a quarter of the period: a monthly one is no news 30 days before. Of
-- several boundaries that were missed the nearest counts. A date that moves makes no second alert before the first date has passed.
with ending as (
	select s.ref, s.customer_ref, s.month_minor, s.currency, r.reason, coalesce(s.period_starts_at, s.started_at) as occasion,
		(s.status = 'past_due')::int + (s.month_minor >= 10000)::int as raised,
		coalesce(s.period_count, 1) * case s.period when 'day' then 1 when 'week' then 7 when 'year' then 365 else 30 end as days,
		case r.reason when 'cancellation' then coalesce(s.cancel_at, s.period_ends_at)
			when 'trial' then coalesce(s.trial_ends_at, s.period_ends_at) else s.period_ends_at end as ends_at
	from subscription s
	cross join lateral (select case when s.cancel_at is not null or s.cancel_at_period_end then 'cancellation'
		when s.status = 'trialing' then 'trial' else 'renewal' end as reason) r
	where s.org_id = $1::uuid and s.live = $2::boolean and s.status in ('trialing', 'active', 'past_due')
		and (s.period_ends_at between $3::timestamptz and $3::timestamptz + interval '720 hours'
			or s.cancel_at between $3::timestamptz and $3::timestamptz + interval '720 hours')
), due as (
	select case e.reason when 'renewal' then 'renewal_reminder' else 'expiring_soon' end as kind, e.ref, e.customer_ref, e.reason, b.boundary, e.ends_at,
		e.occasion, e.month_minor, e.currency,
		e.raised + case when e.reason = 'renewal' or b.boundary = 30 then 1 when b.boundary = 1 then 4 when b.boundary = 3 then 3 else 2 end as rank
	from ending e
	cross join lateral (select min(n) as boundary from unnest('{1,3,7,14,30}'::int[]) n
		where e.ends_at <= $3::timestamptz + make_interval(hours => 24 * n)) b
	where e.ends_at > $3::timestamptz and b.boundary is not null and (e.reason <> 'renewal' or 4 * b.boundary <= e.days)
	union all
	select 'expired', s.ref, s.customer_ref, 'cancellation', 0, s.ended_at, s.started_at, s.month_minor, s.currency,
		3 + (s.month_minor >= 10000)::int
	from subscription s
	where s.org_id = $1::uuid and s.live = $2::boolean and s.status = 'canceled'
		and s.ended_at > $3::timestamptz - interval '7 days' and s.ended_at <= $3::timestamptz
)
insert into alert (org_id, live, id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, occasion, month_minor, currency, created_at)
select $1::uuid, $2::boolean, gen_random_uuid(), d.kind, ('{low,medium,high,urgent}'::text[])[least(d.rank, 4)], d.ref, d.customer_ref, d.reason,
	d.boundary, d.ends_at, d.occasion, d.month_minor, d.currency, $3::timestamptz
from due d
where not exists (
	select from alert a
	where a.org_id = $1::uuid and a.live = $2::boolean and a.subscription_ref = d.ref and a.kind = d.kind and a.boundary = d.boundary
		and (a.occasion = d.occasion or a.ends_at > $3::timestamptz))
order by d.ends_at, d.ref
limit $4::int
on conflict do nothing
returning id, kind, priority, subscription_ref, customer_ref, reason, boundary, ends_at, month_minor, currency
