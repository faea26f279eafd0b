-- Adds $6 to the line of topic $5, or makes it. No row: no such member.
insert into mail_digest_entry (org_id, id, account_id, live, title, body, url, created_at, topic, count)
select m.org_id, $2::uuid, m.account_id, $4::boolean, $5::text, $7, $8, $9::timestamptz, $5::text, $6::int
from membership m
where m.org_id = $1::uuid and m.account_id = $3::uuid
on conflict (org_id, account_id, live, topic) where topic is not null do update
set count = mail_digest_entry.count + excluded.count,
	body = left(concat_ws(', ', nullif(mail_digest_entry.body, ''), nullif(excluded.body, '')), 300)
returning id, count
