-- The same sums by flow, segment, plan, language, policy, experiment and variant. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. No filter counts.
select dimension, value, sum(sessions)::bigint as sessions, sum(accepted)::bigint as accepted, sum(cancels)::bigint as cancels,
	round(100.0 * sum(accepted) / nullif(sum(sessions - open), 0), 1) as accept_rate,
	round(100.0 * sum(stayed) / nullif(sum(sessions - open), 0), 1) as stay_rate, sum(saved)::bigint as saved,
	sum(deflected)::bigint as deflected, sum(lost)::bigint as lost,
	round(100.0 * sum(saved) / nullif(sum(saved + deflected + lost), 0), 1) as save_rate,
	case when dimension = 'flow' then measure_ranking(coalesce(100.0 * sum(accepted) / nullif(sum(sessions - open), 0), 0),
		coalesce(max(saved_minor), 0)::bigint) end as ranking,
	coalesce(jsonb_object_agg(currency, saved_minor) filter (where currency <> '' and saved_minor <> 0), '{}') as saved_minor,
	coalesce(jsonb_object_agg(currency, net_minor) filter (where currency <> '' and net_minor <> 0), '{}') as net_minor
from (
	select dimension, value, currency, sum(sessions) as sessions, sum(open) as open, sum(accepted) as accepted,
		sum(accepted + dismissed + abandoned) as stayed, sum(declined + cancelled) as cancels, sum(saved) as saved, sum(deflected) as deflected,
		sum(lost) as lost, sum(saved_minor) as saved_minor, sum(paid_minor - refunded_minor) as net_minor
	from measure_day
	where org_id = $1::uuid and live = $2::boolean and dimension <> 'all' and day between $3::date and $4::date
		and $5::jsonb is not null and ($6::text is null or currency = $6::text)
	group by dimension, value, currency
) t
group by dimension, value
order by dimension, sum(sessions) desc, value
