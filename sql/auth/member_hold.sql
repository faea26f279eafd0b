-- A member, held until the transaction ends.
select m.role, a.email
from membership m
join account a on a.id = m.account_id
where m.org_id = $1::uuid and m.account_id = $2::uuid
for update of m
