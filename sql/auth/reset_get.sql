-- A way into a tenant.
select r.account_id, a.email
from password_reset r
join account a on a.id = r.account_id
where r.token_hash = $1::bytea and r.used_at is null and r.expires_at > now()
