select sender_name, reply_to, time_zone, quiet_from, quiet_until, customer_cap, organisation_cap, return_url, updated_at
from outreach_policy
where org_id = $1::uuid
