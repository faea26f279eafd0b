-- Offers by segment; best: the highest acceptance of its segment. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. Of the filters only the segment counts.
select segment, offer_type, shown, accepted, acceptance,
	accepted > 0 and row_number() over (partition by segment order by acceptance desc nulls last, shown desc, offer_type) = 1 as best
from (
	select value as segment, step_type as offer_type, sum(shown)::bigint as shown, sum(accepted)::bigint as accepted,
		round(100.0 * sum(accepted) / nullif(sum(shown), 0), 1) as acceptance
	from measure_step
	where org_id = $1::uuid and live = $2::boolean and dimension = 'segment' and value in ('trial', 'low', 'medium', 'high')
		and day between $3::date and $4::date and step_type in ('discount', 'pause', 'downgrade', 'extension', 'support')
		and ($5::jsonb ->> 'segment' is null or value = $5::jsonb ->> 'segment') and ($6::text is null or currency = $6::text)
	group by value, step_type
) t
order by array_position('{trial,low,medium,high}', segment), shown desc, offer_type
