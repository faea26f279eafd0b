update webhook_endpoint set failing_since = now() where org_id = $1::uuid and id = $2::uuid and failing_since is null
