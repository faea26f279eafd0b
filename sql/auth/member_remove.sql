-- Sessions go with it.
delete from membership
where org_id = $1::uuid and account_id = $2::uuid
