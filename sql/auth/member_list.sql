-- $2: the cursor. Newest first.
select a.id, a.email, a.name, m.role, m.created_at as "createdAt"
from membership m
join account a on a.id = m.account_id
where m.org_id = $1::uuid and ($2::uuid is null or m.account_id < $2::uuid)
order by m.account_id desc
limit $3::int + 1
