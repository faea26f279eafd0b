select count(*) as endpoints from webhook_endpoint where org_id = $1::uuid
