-- Customers of an experiment by variant and the day on which they count; $4: 'raw' counts a customer on the day of their first session,
-- 'validated' on the day on which billing was asked about it. A customer counts once, by their first session.
with first as (
	select distinct on (customer_ref) variant, started_at, due_at, raw, verdict, count(*) over (partition by customer_ref) as sessions
	from session_outcome
	where org_id = $1::uuid and live = $2::boolean and experiment_id = $3::uuid
	order by customer_ref, started_at, session_id
)
select variant, (case when $4::text = 'raw' then started_at else due_at end at time zone 'UTC')::date as day, sum(sessions)::bigint as sessions,
	count(*) as customers,
	count(raw) as raw_customers, count(*) filter (where raw in ('accepted', 'dismissed', 'abandoned')) as raw_stayed,
	count(*) filter (where raw = 'accepted') as accepted,
	count(*) filter (where verdict in ('saved', 'deflected', 'lost')) as judged, count(*) filter (where verdict in ('saved', 'deflected')) as stayed,
	count(*) filter (where verdict = 'waiting') as waiting, count(*) filter (where verdict = 'unknown') as unknown
from first
group by 1, 2
order by 2, 1
