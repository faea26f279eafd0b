select key_sealed from stripe_connection where org_id = $1::uuid and live = $2::boolean
