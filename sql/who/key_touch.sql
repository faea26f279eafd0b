update api_key set last_used_at = now()
where org_id = $1::uuid and id = $2::uuid and coalesce(last_used_at < now() - interval '1 minute', true)
