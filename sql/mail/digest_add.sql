-- No row: no such member.
insert into mail_digest_entry (org_id, id, account_id, live, title, body, url, created_at)
select m.org_id, $2::uuid, m.account_id, $4::boolean, $5, $6, $7, $8::timestamptz
from membership m
where m.org_id = $1::uuid and m.account_id = $3::uuid
returning id
