-- $4 is who the customer is in consent records. Columns that name the organisation, and keys of ours, are left out.
with c as (
	select * from customer where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
), s as (
	select s.* from retention_session s join c on s.org_id = c.org_id and s.live = c.live and s.customer_ref = c.ref
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
	'alerts', (select coalesce(jsonb_agg(to_jsonb(a) - '{org_id,number}'::text[] order by a.created_at), '[]')
		from alert a join c on a.org_id = c.org_id and a.live = c.live and a.customer_ref = c.stripe_ref),
	'mails', (select coalesce(jsonb_agg(to_jsonb(m) - '{org_id,number}'::text[] order by m.created_at), '[]')
		from outreach_mail m where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = $3::uuid),
	'mailOffers', (select coalesce(jsonb_agg(to_jsonb(m) - '{org_id,form}'::text[] order by m.created_at), '[]')
		from outreach_offer m where m.org_id = $1::uuid and m.live = $2::boolean and m.customer_id = $3::uuid),
	'consents', (select coalesce(jsonb_agg(r.document::jsonb order by r.at), '[]')
		from consent_record r where r.org_id = $1::uuid and r.live = $2::boolean and r.customer_hash = $4::bytea),
	'audit', (select coalesce(jsonb_agg(jsonb_build_object('at', a.at, 'action', a.action, 'session', a.entity_id, 'address', a.address,
		'agent', a.agent) order by a.at), '[]')
		from audit_log a join c on a.org_id = c.org_id where a.actor_kind = 'customer' and a.actor_id = c.ref)
	) as data
