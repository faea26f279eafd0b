update api_key
set name = coalesce($3, name), origins = coalesce($4::text[], origins), rate_per_minute = coalesce($5::int, rate_per_minute),
	signature_required = coalesce($6::boolean, signature_required)
where org_id = $1::uuid and id = $2::uuid
