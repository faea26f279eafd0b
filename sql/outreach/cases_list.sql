-- $3: below this number, $5: only this state, $6: may see who it is.
select c.number as cursor, case when $6::boolean then c.invoice_ref end as invoice_ref,
	case when $6::boolean then c.subscription_ref end as subscription_ref, c.state, c.reason, c.due_minor, c.recovered_minor, c.currency, c.step as mails, c.retries,
	c.retry_at, c.decline, c.final, i.next_attempt_at, i.attempts, c.opened_at, c.closed_at, k.id as customer_id, case when $6::boolean then k.ref end as customer_ref,
	case when $6::boolean then k.name end as name, case when $6::boolean then k.email end as email
from outreach_case c
left join invoice i on i.org_id = c.org_id and i.live = c.live and i.ref = c.invoice_ref
left join customer k on k.org_id = c.org_id and k.live = c.live and k.stripe_ref = c.customer_ref
where c.org_id = $1::uuid and c.live = $2::boolean and c.number < $3::bigint and ($5::text is null or c.state = $5::text)
order by c.number desc
limit $4::int
