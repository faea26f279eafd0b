-- $3: below this number, $5: only this program, $6: may see who it is.
select m.number as cursor, m.id, m.program, m.kind, m.state, m.held, m.reason, m.percent, m.due_at, m.handed_at, m.created_at,
	case when $6::boolean then m.subscription_ref end as subscription_ref, case when $6::boolean then m.invoice_ref end as invoice_ref,
	k.id as customer_id, case when $6::boolean then k.ref end as customer_ref, case when $6::boolean then k.name end as name,
	case when $6::boolean then k.email end as email
from outreach_mail m
join customer k on k.org_id = m.org_id and k.live = m.live and k.id = m.customer_id
where m.org_id = $1::uuid and m.live = $2::boolean and m.number < $3::bigint and ($5::text is null or m.program = $5::text)
order by m.number desc
limit $4::int
