-- Money a day and currency, without gaps. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. Zeros are added rather than
-- joined: no guess of the planner's makes that slow.
with sums as materialized (
	select currency, day, sum(saved_minor)::bigint as saved_minor, sum(paid_minor - refunded_minor)::bigint as net_minor,
		sum(kept_paid_minor - kept_refunded_minor)::bigint as kept_net_minor
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where currency <> '' and ($6::text is null or currency = $6::text)
	group by currency, day
)
select currency, day::text as day, sum(saved_minor)::bigint as saved_minor, sum(net_minor)::bigint as net_minor, sum(kept_net_minor)::bigint as kept_net_minor
from (
	select * from sums
	union all
	select c.currency, x.day::date, 0, 0, 0
	from (select distinct currency from sums) c
	cross join generate_series($3::date::timestamp, $4::date::timestamp, interval '1 day') x (day)
) t
group by currency, day
order by currency, day
