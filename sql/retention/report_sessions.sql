-- The next $8 sessions of a report, behind the id $3; $4 the id that they stay below, $5 and $6 the days, $7 whether customers are named.
-- Columns become those of the CSV.
select s.id as session, to_char(s.started_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as started_at,
	case when $7::boolean then s.customer_ref end as customer, case when $7::boolean then s.subscription_ref end as subscription,
	s.plan, s.region, s.language, s.segment, s.flow_id as flow, s.flow_version::bigint as flow_version,
	s.value_minor, coalesce(d.currency, s.currency) as currency,
	coalesce(d.outcome, 'undecided') as outcome, d.reason_code as reason, d.offer_type as offer, d.status, d.saved_minor,
	to_char(d.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as decided_at
from (
	select *
	from retention_session r
	where r.org_id = $1::uuid and r.live = $2::boolean and r.id > $3::uuid and r.id < $4::uuid
		and r.started_at >= $5::date::timestamp at time zone 'UTC' and r.started_at < ($6::date + 1)::timestamp at time zone 'UTC'
	order by r.id
	limit $8::int
) s
left join decision d on d.org_id = s.org_id and d.live = s.live and d.session_id = s.id
order by s.id
