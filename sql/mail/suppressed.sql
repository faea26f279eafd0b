select address, kind, reason, created_at
from mail_suppression
where org_id = $1::uuid and ($2::text is null or address = lower($2))
order by created_at desc, address, kind
limit 1000
