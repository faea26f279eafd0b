-- All that happened to one customer ($3), the newest first. $4: the last row of the page before, "time|id", $5: rows. subject tells what it is about, plan which plan,
-- detail more of it, amount in minor units.
select t.at::text || '|' || t.id as cursor, t.at, t.kind, t.subject, t.plan, t.detail, t.note, t.amount_minor, t.currency
from (
	select s.started_at as at, s.id::text as id, 'session' as kind, null::text as subject, s.plan, case d.outcome when 'cancelled' then 'cancelled-now' else coalesce(d.outcome, 'abandoned') end as detail,
		concat_ws(' · ', d.offer_type, d.reason_code, coalesce(nullif(d.reason_text, ''), nullif(d.feedback, ''))) as note,
		nullif(d.saved_minor, 0) as amount_minor, coalesce(d.currency, s.currency) as currency
	from customer c
	join retention_session s on s.org_id = c.org_id and s.live = c.live and s.customer_ref = c.ref
	left join decision d on d.org_id = s.org_id and d.live = s.live and d.session_id = s.id
	where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid
	union all
	select e.at, s.ref || e.detail, 'subscription', null, s.plan, e.detail, e.note, s.month_minor, s.currency
	from customer c
	join subscription s on s.org_id = c.org_id and s.live = c.live and s.customer_ref = c.stripe_ref
	cross join lateral (values (s.started_at, 'started', null), (s.canceled_at, 'cancellation', s.cancel_reason), (s.ended_at, 'ended', null)) e (at, detail, note)
	where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid and e.at is not null
	union all
	select coalesce(i.paid_at, i.created_at), i.ref, 'invoice', i.reason, null, i.status, null, case when i.status = 'paid' then i.paid_minor else i.due_minor end,
		i.currency
	from customer c
	join invoice i on i.org_id = c.org_id and i.live = c.live and i.customer_ref = c.stripe_ref and i.status <> 'draft'
	where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid
	union all
	select o.opened_at, o.invoice_ref || ' case', 'case', null, null, o.state, coalesce(o.reason, o.decline), case when o.state = 'recovered' then o.recovered_minor
		else o.due_minor end, o.currency
	from customer c
	join outreach_case o on o.org_id = c.org_id and o.live = c.live and o.customer_ref = c.stripe_ref
	where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid
	union all
	select coalesce(m.finished_at, m.handed_at, m.created_at), m.id::text, 'mail', m.kind, null, m.state, coalesce(m.reason, m.held), null, null
	from outreach_mail m
	where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = $3::uuid
	union all
	select coalesce(f.accepted_at, f.created_at), f.id::text || ' offer', 'offer', f.percent::text, null, f.state, f.reason, f.month_minor, f.currency
	from outreach_offer f
	where f.org_id = $1::uuid and f.live = $2::boolean and f.customer_id = $3::uuid
	union all
	select a.created_at, a.id::text, 'alert', a.kind, null, a.priority, a.boundary::text, a.month_minor, a.currency
	from customer c
	join subscription s on s.org_id = c.org_id and s.live = c.live and s.customer_ref = c.stripe_ref
	join alert a on a.org_id = c.org_id and a.live = c.live and a.subscription_ref = s.ref
	where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid
	union all
	select e.at, c.id::text || e.kind, e.kind, null, null, null, null, null, null
	from customer c
	cross join lateral (values (c.outreach_paused_at, 'paused'), (c.erased_at, 'erased')) e (at, kind)
	where c.org_id = $1::uuid and c.live = $2::boolean and c.id = $3::uuid and e.at is not null
) t
where (t.at, t.id) < (split_part($4::text, '|', 1)::timestamptz, split_part($4::text, '|', 2))
order by t.at desc, t.id desc
limit $5::int
