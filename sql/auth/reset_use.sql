-- Uses the token and with it every other one of the account.
with used as (
	select account_id
	from password_reset
	where token_hash = $1::bytea and used_at is null and expires_at > now()
	for update
)
update password_reset r
set used_at = now()
from used
where r.account_id = used.account_id and r.used_at is null
returning r.account_id
