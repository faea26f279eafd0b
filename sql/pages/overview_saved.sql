-- $2 live, $3 days. Monthly value kept by accepted offers, by currency.
select currency, sum(saved_minor)::bigint as saved_minor, count(*) as decisions
from decision
where org_id = $1::uuid and live = $2::boolean and decided_at >= now() - make_interval(days => $3::int)
	and outcome = 'accepted' and saved_minor > 0 and currency is not null
group by currency
order by count(*) desc, currency
