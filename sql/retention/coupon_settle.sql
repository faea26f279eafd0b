update coupon_request
set state = $4::text, coupon_ref = $5::text, error = $6::text, finished_at = now()
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
