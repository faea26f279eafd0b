-- The account of an e-mail address, held until the transaction ends.
select id
from account
where lower(email) = lower($1)
for no key update
