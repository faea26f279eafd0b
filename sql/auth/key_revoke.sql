update api_key
set revoked_at = now()
where org_id = $1::uuid and id = $2::uuid and revoked_at is null
returning id
