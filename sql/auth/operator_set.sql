-- $1 e-mail, $2 on or off. One row an organisation of the account's, with how it was.
with asked as (
	select id, operator from account where lower(email) = lower($1) for update
), changed as (
	update account set operator = $2::boolean from asked where account.id = asked.id returning account.id
)
select asked.id, asked.operator, m.org_id
from asked
join changed on changed.id = asked.id
left join membership m on m.account_id = asked.id
order by m.org_id
