select currency, count(*) as open, sum(due_minor)::bigint as due_minor
from outreach_case
where org_id = $1::uuid and live = $2::boolean and state = 'open'
group by currency
order by due_minor desc, currency
