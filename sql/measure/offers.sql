-- Each type of offer that was shown. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
select step_type as offer_type, sum(shown)::bigint as shown, sum(accepted)::bigint as accepted, sum(declined)::bigint as declined,
	sum(skipped)::bigint as skipped, round(100.0 * sum(accepted) / nullif(sum(shown), 0), 1) as acceptance, sum(saved)::bigint as saved,
	sum(lost)::bigint as lost,
	coalesce(jsonb_object_agg(currency, saved_minor) filter (where currency <> '' and saved_minor <> 0), '{}') as saved_minor,
	coalesce(jsonb_object_agg(currency, round(saved_minor / nullif(accepted, 0))) filter (where currency <> '' and saved_minor <> 0), '{}')
		as per_accept_minor,
	coalesce(jsonb_object_agg(currency, net_minor) filter (where currency <> '' and net_minor <> 0), '{}') as net_minor
from (
	select step_type, currency, sum(shown) as shown, sum(accepted) as accepted, sum(declined) as declined, sum(skipped) as skipped,
		sum(saved) as saved, sum(lost) as lost, sum(saved_minor) as saved_minor, sum(paid_minor - refunded_minor) as net_minor
	from measure_steps($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where step_type in ('discount', 'pause', 'downgrade', 'extension', 'support') and ($6::text is null or currency = $6::text)
	group by step_type, currency
) t
group by step_type
order by sum(shown) desc, step_type
