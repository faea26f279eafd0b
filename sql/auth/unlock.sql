-- Ends a lock before its time.
update account
set failed_logins = 0, locked_until = null
where lower(email) = lower($1)
returning id
