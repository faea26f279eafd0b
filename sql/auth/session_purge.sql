-- Sessions of a person that ended more than 30 days ago.
delete from session
where org_id = $1::uuid and account_id = $2::uuid
	and least(refresh_expires_at, revoked_at) < now() - interval '30 days'
