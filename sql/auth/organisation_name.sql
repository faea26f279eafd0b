-- Held until the transaction ends, for the audit log.
select name
from organisation
where org_id = $1::uuid
for no key update
