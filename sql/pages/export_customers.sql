-- Customers behind the id $4, at most $5; $2 live, $3 whether they are named. Columns become those of the CSV.
select case when $3::boolean then ref end as customer, case when $3::boolean then stripe_ref end as stripe, case when $3::boolean then email end as email,
	case when $3::boolean then name end as name, language, region, plan, value_minor, currency, attempts, last_attempt_at, delinquent, churn_risk,
	customer_since, id as cursor
from customer
where org_id = $1::uuid and live = $2::boolean and id > $4::uuid and deleted_at is null and erased_at is null
order by id
limit $5::int
