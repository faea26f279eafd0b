-- The newest decisions of $3 to $4 (days, UTC); $2 live. What is shown is chosen before anything is joined to it: with the planner's choice a
-- connection's first five runs would join them all.
select d.session_id, s.customer_ref, k.id as customer_id, s.plan, d.outcome, d.offer_type, d.reason_code, d.status, d.status_reason, d.saved_minor, d.currency,
	d.decided_at::text as at
from (
	select * from decision
	where org_id = $1::uuid and live = $2::boolean and decided_at >= $3::date::timestamp at time zone 'UTC'
		and decided_at < ($4::date + 1)::timestamp at time zone 'UTC'
	order by decided_at desc, session_id desc
	limit 12
) d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
left join customer k on k.org_id = s.org_id and k.live = s.live and k.ref = s.customer_ref and k.deleted_at is null
order by d.decided_at desc, d.session_id desc
