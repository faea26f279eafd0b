-- Each day, those without sessions too. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
with sums as (
	select day, sum(sessions)::bigint as sessions, sum(open)::bigint as open, sum(accepted)::bigint as accepted,
		sum(accepted + dismissed + abandoned)::bigint as stayed, sum(declined + cancelled)::bigint as cancels
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where $6::text is null or currency = $6::text
	group by day
)
select x.day::date::text as day, coalesce(s.sessions, 0) as sessions, coalesce(s.accepted, 0) as accepted, coalesce(s.stayed, 0) as stayed,
	coalesce(s.cancels, 0) as cancels, coalesce(u.users, 0)::bigint as users_saved,
	round(100.0 * s.accepted / nullif(s.sessions - s.open, 0), 1) as accept_rate
from generate_series($3::date::timestamp, $4::date::timestamp, interval '1 day') x (day)
left join sums s on s.day = x.day::date
left join measure_users($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb, 'day') u on u.key = x.day::date::text
order by x.day
