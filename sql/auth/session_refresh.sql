-- Rotates the tokens. A way into a tenant.
update session s
set access_hash = $2::bytea, access_expires_at = now() + make_interval(secs => $3::int),
	refresh_hash_before = s.refresh_hash, refresh_hash = $4::bytea, refresh_expires_at = now() + make_interval(secs => $5::int),
	address = coalesce($6::inet, s.address), agent = coalesce($7, s.agent), seen_at = now()
from membership m
where s.refresh_hash = $1::bytea and s.revoked_at is null and s.refresh_expires_at > now()
	and m.org_id = s.org_id and m.account_id = s.account_id
returning s.org_id, s.id, s.account_id, m.role
