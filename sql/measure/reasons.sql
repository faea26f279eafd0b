-- Why customers clicked Cancel, as far as they said. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. Currencies are not told apart.
select reason_code, sum(sessions)::bigint as sessions, round(100.0 * sum(sessions) / sum(sum(sessions)) over (), 1) as percent,
	sum(accepted)::bigint as accepted, sum(cancels)::bigint as cancels
from measure_reasons($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
where $6::text is null or true
group by reason_code
having sum(sessions) > 0
order by sum(sessions) desc, reason_code
