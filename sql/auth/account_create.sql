-- No row: the address has an account.
insert into account (id, email, name, password_hash)
values ($1::uuid, $2, $3, $4)
on conflict (lower(email)) do nothing
returning id
