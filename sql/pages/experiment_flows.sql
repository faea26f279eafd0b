-- Flows that can stand in an experiment: published and not put away.
select id, name, status, language
from flow
where org_id = $1::uuid and version > 0 and status <> 'archived'
order by status = 'active' desc, lower(name), id
limit 500
