-- Money a day and currency, without gaps. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
with sums as (
	select currency, day, sum(saved_minor)::bigint as saved_minor, sum(paid_minor - refunded_minor)::bigint as net_minor,
		sum(kept_paid_minor - kept_refunded_minor)::bigint as kept_net_minor
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where currency <> '' and ($6::text is null or currency = $6::text)
	group by currency, day
)
select c.currency, x.day::date::text as day, coalesce(s.saved_minor, 0) as saved_minor, coalesce(s.net_minor, 0) as net_minor,
	coalesce(s.kept_net_minor, 0) as kept_net_minor
from (select distinct currency from sums) c
cross join generate_series($3::date::timestamp, $4::date::timestamp, interval '1 day') x (day)
left join sums s on s.currency = c.currency and s.day = x.day::date
order by c.currency, x.day
