-- A token whose mail could not be sent.
delete from password_reset
where token_hash = $1::bytea
