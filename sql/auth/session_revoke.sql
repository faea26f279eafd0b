update session
set revoked_at = now()
where org_id = $1::uuid and id = $2::uuid and ($3::uuid is null or account_id = $3::uuid)
	and revoked_at is null and refresh_expires_at > now()
returning account_id
