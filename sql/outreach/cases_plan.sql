-- The mails of the steps that are reached by now ($3); of several that were missed the last one.
with due as (
	select c.invoice_ref, c.subscription_ref, c.customer_ref, cardinality(p.days) as steps, (
			select max(n) from generate_subscripts(p.days, 1) n where c.opened_at + make_interval(hours => 24 * p.days[n]) <= $3::timestamptz
		) as reached
	from outreach_case c
	join outreach_programs p on p.org_id = c.org_id and p.program = 'payment' and p.enabled
	where c.org_id = $1::uuid and c.live = $2::boolean and c.state = 'open' and c.step < cardinality(p.days)
), advanced as (
	update outreach_case c
	set step = d.reached
	from due d
	where c.org_id = $1::uuid and c.live = $2::boolean and c.invoice_ref = d.invoice_ref and d.reached > c.step
	returning d.*
)
insert into outreach_mail (org_id, live, id, program, kind, customer_id, subscription_ref, invoice_ref, occasion, step, state, reason, due_at, created_at,
	finished_at)
select $1::uuid, $2::boolean, gen_random_uuid(), 'payment',
	case when a.reached = 1 then 'payment.failed' when a.reached = a.steps then 'payment.last' else 'payment.reminder' end,
	k.id, a.subscription_ref, a.invoice_ref, a.invoice_ref, a.reached, case when k.email is null then 'suppressed' else 'planned' end,
	case when k.email is null then 'no-address' end, $3::timestamptz, $3::timestamptz, case when k.email is null then $3::timestamptz end
from advanced a
join customer k on k.org_id = $1::uuid and k.live = $2::boolean and k.stripe_ref = a.customer_ref
where k.deleted_at is null and k.erased_at is null
on conflict do nothing
