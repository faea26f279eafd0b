select policy, floor
from offer_policy
where org_id = $1::uuid
