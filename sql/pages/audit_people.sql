-- Who may stand in the audit log, for its filter.
select a.id, coalesce(nullif(a.name, ''), a.email) as name
from membership m
join account a on a.id = m.account_id
where m.org_id = $1::uuid
order by lower(coalesce(nullif(a.name, ''), a.email))
limit 500
