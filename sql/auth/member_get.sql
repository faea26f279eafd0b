select a.id, a.email, a.name, m.role, m.created_at as "createdAt"
from membership m
join account a on a.id = m.account_id
where m.org_id = $1::uuid and m.account_id = $2::uuid
