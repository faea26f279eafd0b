update webhook_endpoint
set secret_before_sealed = case when $4::int > 0 then secret_sealed end,
	secret_before_until = case when $4::int > 0 then now() + $4::int * interval '1 second' end,
	secret_sealed = $3::bytea, updated_at = now()
where org_id = $1::uuid and id = $2::uuid
returning secret_before_until
