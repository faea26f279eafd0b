select signing_sealed
from api_key
where org_id = $1::uuid and id = $2::uuid
