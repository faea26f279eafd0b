delete from stripe_connection
where org_id = $1::uuid and live = $2::boolean
returning key_last4 as last4
