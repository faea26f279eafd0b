select coalesce((select cancel_now from privacy_setting where org_id = $1::uuid), true) as cancel_now
