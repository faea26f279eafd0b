delete from mail_suppression
where org_id = $1::uuid and address = lower($2) and kind = $3
returning address
