-- The organisation's owners, held until the transaction ends: two owners cannot both stop being the last one.
select account_id
from membership
where org_id = $1::uuid and role = 'owner'
order by account_id
for update
