-- Every session of a person in every organisation but the session $2.
update session
set revoked_at = now()
where account_id = $1::uuid and org_id in (select org_id from membership where account_id = $1::uuid)
	and revoked_at is null and refresh_expires_at > now() and ($2::uuid is null or id <> $2::uuid)
