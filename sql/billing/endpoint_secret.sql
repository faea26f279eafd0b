-- $3 the new secret, sealed; $4 seconds for which the one before stays good.
update stripe_endpoint
set secret_before_sealed = secret_sealed,
	secret_before_until = case when secret_sealed is not null then now() + $4::int * interval '1 s' end,
	secret_sealed = $3::bytea, updated_at = now()
where org_id = $1::uuid and live = $2::boolean
