-- The organisations of a person.
select org_id
from membership
where account_id = $1::uuid
