update webhook_delivery set state = 'cancelled', settled_at = now()
where org_id = $1::uuid and id = $2::uuid and state in ('pending', 'failed')
