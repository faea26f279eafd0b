select steps
from flow_version
where org_id = $1::uuid and flow_id = $2::uuid and version = $3::int
