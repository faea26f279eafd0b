-- On its way again, unless its endpoint is disabled.
update webhook_delivery d
set state = 'pending', settled_at = null
from webhook_endpoint w
where d.org_id = $1::uuid and d.id = $2::uuid and w.org_id = d.org_id and w.id = d.endpoint_id and w.enabled
returning d.id
