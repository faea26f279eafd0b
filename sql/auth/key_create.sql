insert into api_key (org_id, id, name, kind, live, prefix, key_hash, last4, origins, signature_required, signing_sealed,
	rate_per_minute, created_by, expires_at)
values ($1::uuid, $2::uuid, $3, $4, $5::boolean, $6, $7::bytea, $8, $9::text[], $10::boolean, $11::bytea,
	coalesce(nullif($12::int, 0), 1000), $13::uuid, $14::timestamptz)
