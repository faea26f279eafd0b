-- A refresh token that was used before: someone has a copy, so the session ends. A way into a tenant.
update session
set revoked_at = now()
where refresh_hash_before = $1::bytea and revoked_at is null
returning org_id, id, account_id
