select e.name, e.status, e.version, e.flow_id
from experiment e
where e.org_id = $1::uuid and e.id = $2::uuid
for update
