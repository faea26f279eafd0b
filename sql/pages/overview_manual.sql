-- Decisions that wait for somebody, whatever their day, the newest first ($2 live): to be carried out by hand, or not confirmed by Stripe for
-- ten minutes. $3: behind this one ("time|session"), $4: rows.
select d.decided_at::text || '|' || d.session_id as cursor, d.session_id, s.customer_ref, k.id as customer_id, s.plan, d.outcome, d.offer_type,
	d.status, d.status_reason, d.decided_at::text as at
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
left join customer k on k.org_id = s.org_id and k.live = s.live and k.ref = s.customer_ref and k.deleted_at is null
where d.org_id = $1::uuid and d.live = $2::boolean and d.status in ('pending', 'manual')
	and (d.status = 'manual' or d.decided_at < now() - interval '10 minutes')
	and (d.decided_at, d.session_id) < (split_part($3::text, '|', 1)::timestamptz, split_part($3::text, '|', 2)::uuid)
order by d.decided_at desc, d.session_id desc
limit $4::int
