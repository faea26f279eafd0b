select a.email, a.name, a.language, o.name as organisation
from membership m
join account a on a.id = m.account_id
join organisation o on o.org_id = m.org_id
where m.org_id = $1::uuid and m.role = 'owner'
order by a.id
