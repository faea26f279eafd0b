update api_key
set rotated_to = $3::uuid, expires_at = least(expires_at, now() + make_interval(hours => $4::int))
where org_id = $1::uuid and id = $2::uuid
returning expires_at
