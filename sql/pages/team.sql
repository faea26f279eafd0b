-- Owners first, then by name. invited: no password has been set yet.
select a.id, a.email, a.name, m.role, m.created_at, a.password_hash = '' as invited,
	(select max(s.seen_at) from session s where s.org_id = m.org_id and s.account_id = m.account_id) as seen_at
from membership m
join account a on a.id = m.account_id
where m.org_id = $1::uuid
order by m.role <> 'owner', lower(coalesce(nullif(a.name, ''), a.email)), a.id
limit 500
