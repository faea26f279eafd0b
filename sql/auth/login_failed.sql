-- Counts a failure. The commit does not wait for the disk, so that a known account takes no longer than an unknown one. A lock that
-- is on is not made longer by more failures; after it has ended counting starts anew.
with quiet as (select set_config('synchronous_commit', 'off', true))
update account a
set failed_logins = case
		when a.locked_until > now() then a.failed_logins
		when a.locked_until is not null then 1
		else a.failed_logins + 1
	end,
	locked_until = case
		when a.locked_until > now() then a.locked_until
		when a.locked_until is null and a.failed_logins + 1 >= $2::int then now() + make_interval(secs => $3::int)
	end
from quiet
where a.id = $1::uuid
returning a.failed_logins, a.locked_until is not null as locked
