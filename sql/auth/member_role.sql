update membership
set role = $3
where org_id = $1::uuid and account_id = $2::uuid
