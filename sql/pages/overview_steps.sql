-- How far a new owner has come ($2 live): each step of the way to the first saved customer.
select exists (select from stripe_connection where org_id = $1::uuid and live = $2::boolean) as connected,
	exists (select from api_key where org_id = $1::uuid and live = $2::boolean and kind = 'widget' and revoked_at is null) as keyed,
	exists (select from flow where org_id = $1::uuid and status = 'active') as published,
	exists (select from retention_session where org_id = $1::uuid and live = $2::boolean) as embedded,
	exists (select from session_outcome where org_id = $1::uuid and live = $2::boolean and raw = 'accepted') as accepted
