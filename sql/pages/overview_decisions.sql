-- $2 live, $3 days. The newest decisions.
select d.session_id, s.customer_ref, s.segment, s.plan, d.outcome, d.offer_type, d.reason_code, d.status, d.status_reason,
	d.saved_minor, d.currency, to_char(d.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as at,
	to_char(d.decided_at at time zone 'UTC', 'FMDD Mon, HH24:MI') as at_text
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
where d.org_id = $1::uuid and d.live = $2::boolean and d.decided_at >= now() - make_interval(days => $3::int)
order by d.decided_at desc, d.session_id desc
limit 12
