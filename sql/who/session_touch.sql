update session set seen_at = now()
where org_id = $1::uuid and id = $2::uuid and seen_at < now() - interval '1 minute'
