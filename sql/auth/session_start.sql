insert into session (org_id, id, account_id, access_hash, access_expires_at, refresh_hash, refresh_expires_at, address, agent)
values ($1::uuid, $2::uuid, $3::uuid, $4::bytea, now() + make_interval(secs => $5::int), $6::bytea,
	now() + make_interval(secs => $7::int), $8::inet, $9)
