-- What the churn risk of these customers ($3 refs) is made of.
select c.ref, c.id, c.value_minor, c.currency, c.churn_risk, count(o.session_id) as attempts,
	coalesce(sum((select count(*) from unnest(o.step_types) s where s in ('discount', 'pause', 'downgrade', 'extension', 'support'))), 0)::bigint
		as shown,
	count(o.session_id) filter (where o.raw = 'accepted') as accepted
from customer c
left join session_outcome o on o.org_id = c.org_id and o.live = c.live and o.customer_ref = c.ref
where c.org_id = $1::uuid and c.live = $2::boolean and c.ref = any ($3::text[]) and c.erased_at is null
group by c.org_id, c.live, c.id
order by c.ref collate "C"
