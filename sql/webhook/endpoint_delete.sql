-- Its deliveries go with it.
delete from webhook_endpoint where org_id = $1::uuid and id = $2::uuid
returning url
