select name, days
from keep_period
where org_id = $1::uuid
