-- Ends the oldest sessions of a person beyond $3.
update session
set revoked_at = now()
where org_id = $1::uuid and account_id = $2::uuid and id in (
	select id
	from session
	where org_id = $1::uuid and account_id = $2::uuid and revoked_at is null and refresh_expires_at > now()
	order by created_at desc, id desc
	offset $3::int
)
returning id
