-- The newest decisions to be carried out by hand ($2 live).
select d.session_id, s.customer_ref, s.plan, d.outcome, d.offer_type, d.status_reason, d.decided_at::text as at
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
where d.org_id = $1::uuid and d.live = $2::boolean and d.status = 'manual'
order by d.decided_at desc, d.session_id desc
limit 10
