-- Sessions of $3 to $4 (days, UTC) behind the id $11, at most $12; $2 live, $5 flow, $6 segment, $7 plan, $8 language, $9 currency (null: all),
-- $10 whether customers are named. Ids are ordered by time (RFC 9562, 5.7), so the first day's smallest id, less a day for clocks that
-- differ, tells where to begin, and the last day's where to end. Columns become those of the CSV.
with bound as (
	select (rpad(lpad(to_hex((extract(epoch from $3::date - 1) * 1000)::bigint), 12, '0'), 32, '0'))::uuid as low,
		(rpad(lpad(to_hex((extract(epoch from $4::date + 2) * 1000)::bigint), 12, '0'), 32, '0'))::uuid as high
)
select o.session_id as session, o.started_at, case when $10::boolean then o.customer_ref end as customer,
	case when $10::boolean then o.subscription_ref end as subscription, o.flow_id as flow, o.flow_version, o.experiment_id as experiment, o.variant,
	o.segment, o.plan, o.language, o.policy, o.raw as outcome, o.status, o.offer_type as offer, o.reason_code as reason, o.value_minor,
	o.saved_minor, o.currency, o.decided_at, o.verdict, o.verdict_at, o.paid_minor, o.refunded_minor, o.paid_currency, o.session_id as cursor
from session_outcome o
where o.org_id = $1::uuid and o.live = $2::boolean and o.session_id > greatest($11::uuid, (select low from bound))
	and o.session_id < (select high from bound) and o.day between $3::date and $4::date
	and ($5::text is null or o.flow_id::text = $5::text) and ($6::text is null or o.segment = $6::text)
	and ($7::text is null or o.plan = $7::text) and ($8::text is null or o.language = $8::text)
	and ($9::text is null or o.currency = $9::text)
order by o.session_id
limit $12::int
