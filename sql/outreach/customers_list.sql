-- $3: below this id, $5: the beginning of an id, an address or a name, or a whole cus_…, or null. The two halves are apart, so that
-- each has its index.
select id, ref, stripe_ref, name, email, plan, region, value_minor, currency, attempts, churn_risk, delinquent, customer_since
from (
	(select c.id, c.ref, c.stripe_ref, c.name, c.email, c.plan, c.region,
		c.value_minor, c.currency, c.attempts, c.churn_risk, c.delinquent, c.customer_since
	from customer c
	where c.org_id = $1::uuid and c.live = $2::boolean and $5::text is null and c.id < $3::uuid and c.deleted_at is null
	order by c.id desc
	limit $4::int)
	union all
	(select c.id, c.ref, c.stripe_ref, c.name, c.email, c.plan, c.region,
		c.value_minor, c.currency, c.attempts, c.churn_risk, c.delinquent, c.customer_since
	from (
		select f.id from customer f where f.org_id = $1::uuid and f.live = $2::boolean and $5::text is not null
			and lower(f.email) ~>=~ lower($5::text) and lower(f.email) ~<~ (lower($5::text) || chr(1114111))
		union
		select f.id from customer f where f.org_id = $1::uuid and f.live = $2::boolean and $5::text is not null
			and lower(f.name) ~>=~ lower($5::text) and lower(f.name) ~<~ (lower($5::text) || chr(1114111))
		union
		select f.id from customer f where f.org_id = $1::uuid and f.live = $2::boolean and $5::text is not null
			and lower(f.ref) ~>=~ lower($5::text) and lower(f.ref) ~<~ (lower($5::text) || chr(1114111))
		union
		select f.id from customer f where f.org_id = $1::uuid and f.live = $2::boolean and $5::text is not null
			and f.stripe_ref = $5::text
	) found
	join customer c on c.org_id = $1::uuid and c.live = $2::boolean and c.id = found.id
	where c.id < $3::uuid and c.deleted_at is null
	order by c.id desc
	limit $4::int)
) customers
order by id desc
