-- Each type of step: how many saw it and what they answered. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
select step_type, sum(shown)::bigint as shown, sum(accepted)::bigint as accepted, sum(declined)::bigint as declined,
	sum(skipped)::bigint as skipped, sum(answered)::bigint as answered,
	round(100.0 * sum(shown) / nullif((select sum(sessions) from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
		where $6::text is null or currency = $6::text), 0), 1) as percent
from measure_steps($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
where $6::text is null or currency = $6::text
group by step_type
having sum(shown) > 0
order by sum(shown) desc, step_type
