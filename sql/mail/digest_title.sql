update mail_digest_entry set title = $3 where org_id = $1::uuid and id = $2::uuid
