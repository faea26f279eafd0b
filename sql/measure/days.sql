-- Each day, those without sessions too. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. Zeros are added rather than joined:
-- no guess of the planner's makes that slow.
select day::text as day, sum(sessions)::bigint as sessions, sum(accepted)::bigint as accepted, sum(stayed)::bigint as stayed, sum(cancels)::bigint as cancels,
	sum(users)::bigint as users_saved, round(100.0 * sum(accepted) / nullif(sum(sessions - open), 0), 1) as accept_rate
from (
	select day, sessions, open, accepted, accepted + dismissed + abandoned as stayed, declined + cancelled as cancels, 0 as users
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where $6::text is null or currency = $6::text
	union all
	select key::date, 0, 0, 0, 0, 0, users from measure_users($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb, 'day')
	union all
	select x.day::date, 0, 0, 0, 0, 0, 0 from generate_series($3::date::timestamp, $4::date::timestamp, interval '1 day') x (day)
) t
group by day
order by day
