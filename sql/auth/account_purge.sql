-- A person who belongs to no organisation any more is forgotten.
with resets as (
	delete from password_reset
	where account_id = $1::uuid and not exists (select 1 from membership where account_id = $1::uuid)
)
delete from account
where id = $1::uuid and not exists (select 1 from membership where account_id = $1::uuid)
