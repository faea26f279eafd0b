-- All that waits, gone from the table; the first hundred to show and how many there are.
with taken as (
	delete from mail_digest_entry
	where org_id = $1::uuid and account_id = $2::uuid and live = $3::boolean
	returning id, title, body, url, created_at
)
select title, body, url, count(*) over () as total
from taken
order by created_at, id
limit 100
