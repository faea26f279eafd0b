select w.url, w.events, w.description, w.enabled, w.live
from webhook_endpoint w
where w.org_id = $1::uuid and w.id = $2::uuid
for update
