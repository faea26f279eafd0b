update webhook_endpoint set failing_since = null where org_id = $1::uuid and id = $2::uuid
