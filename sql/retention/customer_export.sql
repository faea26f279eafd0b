-- $4 is who the customer is in consent records. Columns that name the organisation, and keys of ours, are left out.
with c as (
	select * from customer where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
), s as (
	select s.* from retention_session s join c on s.org_id = c.org_id and s.live = c.live and s.customer_ref = c.ref
), p as (
	select distinct p.org_id, p.live, p.payment_ref
	from invoice_payment p
	join invoice i on i.org_id = p.org_id and i.live = p.live and i.ref = p.invoice_ref
	join c on i.org_id = c.org_id and i.live = c.live and i.customer_ref = c.stripe_ref
), h as (
	select h.* from charge h join p on h.org_id = p.org_id and h.live = p.live and h.ref = p.payment_ref
	union
	select h.* from charge h join p on h.org_id = p.org_id and h.live = p.live and h.payment_ref = p.payment_ref
), q as (
	select q.* from dispute q join h on q.org_id = h.org_id and q.live = h.live and q.charge_ref = h.ref
	union
	select q.* from dispute q join p on q.org_id = p.org_id and q.live = p.live and q.payment_ref = p.payment_ref
)
select jsonb_build_object(
	'customer', (select to_jsonb(c) - '{org_id}'::text[] from c),
	'sessions', (select coalesce(jsonb_agg(to_jsonb(s) - '{org_id,key_id}'::text[] order by s.started_at), '[]') from s),
	'decisions', (select coalesce(jsonb_agg(to_jsonb(d) - '{org_id,request_hash}'::text[] order by d.decided_at), '[]')
		from decision d join s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id),
	'offers', (select coalesce(jsonb_agg(to_jsonb(e) - '{org_id}'::text[] order by e.created_at, e.step), '[]')
		from offer_event e join s on s.org_id = e.org_id and s.live = e.live and s.id = e.session_id),
	'outcomes', (select coalesce(jsonb_agg(to_jsonb(o) - '{org_id}'::text[] order by o.started_at), '[]')
		from session_outcome o join s on s.org_id = o.org_id and s.live = o.live and s.id = o.session_id),
	'subscriptions', (select coalesce(jsonb_agg(to_jsonb(b) - '{org_id}'::text[] order by b.started_at), '[]')
		from subscription b join c on b.org_id = c.org_id and b.live = c.live and b.customer_ref = c.stripe_ref),
	'invoices', (select coalesce(jsonb_agg(to_jsonb(i) - '{org_id}'::text[] order by i.created_at), '[]')
		from invoice i join c on i.org_id = c.org_id and i.live = c.live and i.customer_ref = c.stripe_ref),
	'claims', (select coalesce(jsonb_agg(to_jsonb(k) - '{org_id}'::text[] order by k.claimed_at), '[]')
		from subscription_claim k join c on k.org_id = c.org_id and k.live = c.live and k.customer_ref = c.ref),
	'discounts', (select coalesce(jsonb_agg(to_jsonb(d) - '{org_id,print}'::text[] order by d.starts_at), '[]')
		from discount d join c on d.org_id = c.org_id and d.live = c.live and d.customer_ref = c.stripe_ref),
	'refunds', (select coalesce(jsonb_agg(to_jsonb(h) - '{org_id,print}'::text[] order by h.ref), '[]') from h where h.refunded_minor > 0),
	'disputes', (select coalesce(jsonb_agg(to_jsonb(q) - '{org_id,print}'::text[] order by q.ref), '[]') from q),
	'recoveries', (select coalesce(jsonb_agg(to_jsonb(o) - '{org_id,number,retry_key}'::text[] order by o.opened_at), '[]')
		from outreach_case o join c on o.org_id = c.org_id and o.live = c.live and o.customer_ref = c.stripe_ref),
	'alerts', (select coalesce(jsonb_agg(to_jsonb(a) - '{org_id,number}'::text[] order by a.created_at), '[]')
		from alert a join c on a.org_id = c.org_id and a.live = c.live and a.customer_ref = c.stripe_ref),
	'mails', (select coalesce(jsonb_agg(to_jsonb(m) - '{org_id,number}'::text[] order by m.created_at), '[]')
		from outreach_mail m where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = $3::uuid),
	'outbox', (select coalesce(jsonb_agg(to_jsonb(m) - '{org_id,content}'::text[] order by m.created_at), '[]')
		from mail m join c on m.org_id = c.org_id and m.live = c.live and lower(m.address) = lower(c.email)),
	'mailOffers', (select coalesce(jsonb_agg(to_jsonb(m) - '{org_id,form}'::text[] order by m.created_at), '[]')
		from outreach_offer m where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = $3::uuid),
	'consents', (select coalesce(jsonb_agg(r.document::jsonb order by r.at), '[]')
		from consent_record r where r.org_id = $1::uuid and r.live = $2::boolean and r.customer_hash = $4::bytea),
	'events', (select coalesce(jsonb_agg(to_jsonb(e) - '{org_id,seq,position}'::text[] order by e.seq), '[]')
		from event e join c on e.org_id = c.org_id and e.live = c.live and e.payload ->> 'customer' = any (array[c.ref, c.stripe_ref])),
	'stripeEvents', (select coalesce(jsonb_agg(to_jsonb(e) - '{org_id}'::text[] order by e.created_at), '[]')
		from stripe_event e join c on e.org_id = c.org_id and e.live = c.live and e.payload is not null
			and coalesce(e.payload #>> '{data,object,customer}', e.object_ref) = c.stripe_ref),
	'audit', (select coalesce(jsonb_agg(jsonb_build_object('at', a.at, 'action', a.action, 'session', a.entity_id, 'address', a.address,
		'agent', a.agent) order by a.at), '[]')
		from audit_log a join c on a.org_id = c.org_id where a.actor_kind = 'customer' and a.actor_id = c.ref
			and (a.after ->> 'live')::boolean = c.live)
	) as data
