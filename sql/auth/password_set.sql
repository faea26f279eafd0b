-- $3: the hash that is replaced, or null for any.
update account
set password_hash = $2, password_set_at = now(), failed_logins = 0, locked_until = null
where id = $1::uuid and ($3::text is null or password_hash = $3)
returning id
