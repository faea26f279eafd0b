-- What customers decided, as pages/export_sessions has sessions; their own words and who they are only with $10, and with $13 only answers that
-- have words.
with bound as (
	select (rpad(lpad(to_hex((extract(epoch from $3::date - 1) * 1000)::bigint), 12, '0'), 32, '0'))::uuid as low,
		(rpad(lpad(to_hex((extract(epoch from $4::date + 2) * 1000)::bigint), 12, '0'), 32, '0'))::uuid as high
)
select d.session_id as session, d.decided_at, case when $10::boolean then s.customer_ref end as customer, s.flow_id as flow, s.segment, s.plan,
	s.language, d.outcome, d.offer_type as offer, d.reason_code as reason, case when $10::boolean then d.reason_text end as reason_text,
	case when $10::boolean then d.feedback end as feedback, d.status, d.status_reason, d.value_minor, d.saved_minor, d.currency, d.settled_at,
	d.session_id as cursor
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
where d.org_id = $1::uuid and d.live = $2::boolean and d.session_id > greatest($11::uuid, (select low from bound))
	and d.session_id < (select high from bound)
	and s.started_at >= $3::date::timestamp at time zone 'UTC' and s.started_at < ($4::date + 1)::timestamp at time zone 'UTC'
	and ($5::text is null or s.flow_id::text = $5::text) and ($6::text is null or s.segment = $6::text)
	and ($7::text is null or s.plan = $7::text) and ($8::text is null or s.language = $8::text)
	and ($9::text is null or d.currency = $9::text)
	and (not $13::boolean or d.reason_text is not null or d.feedback is not null)
order by d.session_id
limit $12::int
