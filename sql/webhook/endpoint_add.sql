insert into webhook_endpoint (org_id, id, live, url, events, description, enabled, secret_sealed, created_by, disabled_at, disabled_reason)
values ($1::uuid, $2::uuid, $3::boolean, $4, $5::text[], coalesce($6, ''), $7::boolean, $8::bytea, $9::uuid,
	case when not $7::boolean then now() end, case when not $7::boolean then 'person' end)
