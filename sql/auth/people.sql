-- For the command: everybody, or the people of one organisation ($1).
select a.email, a.name, m.role, o.name as organisation, o.org_id, coalesce(a.locked_until > now(), false) as locked,
	a.password_hash = '' as invited, a.operator
from membership m
join account a on a.id = m.account_id
join organisation o on o.org_id = m.org_id
where $1::uuid is null or m.org_id = $1::uuid
order by o.name, o.org_id, lower(a.email)
