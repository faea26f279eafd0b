-- What was paid after the sessions of an experiment, net of refunds, by variant and currency.
select variant, paid_currency as currency, sum(paid_minor - refunded_minor)::bigint as net_minor
from session_outcome
where org_id = $1::uuid and live = $2::boolean and experiment_id = $3::uuid and paid_currency is not null
group by 1, 2
order by 1, 2
