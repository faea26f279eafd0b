-- $3: below this number, $5 to $7: only this kind, priority, unread ones; $8: may see who it is.
select a.number as cursor, a.id, a.kind, a.priority, a.reason, a.boundary as days, a.ends_at, case when $8::boolean then a.subscription_ref end as subscription_ref, s.plan, a.month_minor, a.currency,
	k.id as customer_id, case when $8::boolean then k.ref end as customer_ref, case when $8::boolean then k.name end as name, case when $8::boolean then k.email end as email,
	a.created_at, a.read_at
from alert a
left join subscription s on s.org_id = a.org_id and s.live = a.live and s.ref = a.subscription_ref
left join customer k on k.org_id = a.org_id and k.live = a.live and k.stripe_ref = a.customer_ref
where a.org_id = $1::uuid and a.live = $2::boolean and a.number < $3::bigint
	and ($5::text is null or a.kind = $5::text) and ($6::text is null or a.priority = $6::text) and (not $7::boolean or a.read_at is null)
order by a.number desc
limit $4::int
