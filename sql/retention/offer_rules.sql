select offer_type, enabled, accepted_most, period_days, cooldown_days, discounted
from offer_rule
where org_id = $1::uuid
