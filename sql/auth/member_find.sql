select m.account_id
from membership m
join account a on a.id = m.account_id
where m.org_id = $1::uuid and lower(a.email) = lower($2)
