-- Whoever has the address: language and name.
select language, name
from account
where lower(email) = lower($1)
