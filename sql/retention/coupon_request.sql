insert into coupon_request (org_id, live, id, idempotency_key, form, created_by)
values ($1::uuid, $2::boolean, $3::uuid, $4::text, $5::text, $6::uuid)
