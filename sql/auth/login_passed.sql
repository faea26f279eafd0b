-- Refuses (no row) when the account was locked or the password changed since it was read. $3: a new hash of the same password.
with old as (
	select id, failed_logins, locked_until is not null as was_locked
	from account
	where id = $1::uuid and password_hash = $2 and coalesce(locked_until <= now(), true)
	for update
)
update account a
set failed_logins = 0, locked_until = null, password_hash = coalesce($3, a.password_hash)
from old
where a.id = old.id
returning old.failed_logins, old.was_locked
