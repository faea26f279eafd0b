-- $3: now. Subscriptions that ended so many days ago, within three days of grace, of customers who have none any more. What has its mail is
-- left out before the limit, not by the conflict: it would fill every lot.
insert into outreach_mail (org_id, live, id, program, kind, customer_id, subscription_ref, occasion, step, state, due_at, created_at)
select $1::uuid, $2::boolean, gen_random_uuid(), 'reactivation', case n when 1 then 'reactivation.first' else 'reactivation.last' end, k.id, s.ref, s.ref, n,
	'planned', $3::timestamptz, $3::timestamptz
from outreach_programs p
cross join lateral generate_subscripts(p.days, 1) n
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.status = 'canceled'
	and s.ended_at <= $3::timestamptz - make_interval(hours => 24 * p.days[n])
	and s.ended_at > $3::timestamptz - make_interval(hours => 24 * p.days[n] + 72)
join customer k on k.org_id = s.org_id and k.live = s.live and k.stripe_ref = s.customer_ref
where p.org_id = $1::uuid and p.program = 'reactivation' and p.enabled and n <= 2
	and k.email is not null and k.deleted_at is null and k.erased_at is null and k.outreach_paused_at is null
	and not exists (
		select from subscription r
		where r.org_id = $1::uuid and r.live = $2::boolean and r.customer_ref = s.customer_ref
			and r.status in ('trialing', 'active', 'past_due', 'unpaid', 'paused'))
	and not exists (
		select from outreach_mail m
		where m.org_id = $1::uuid and m.live = $2::boolean and m.program = 'reactivation' and m.occasion = s.ref and m.step = n)
order by s.ended_at
limit 500
on conflict do nothing
