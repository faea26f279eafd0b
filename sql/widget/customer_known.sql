-- Has this customer clicked on Cancel in the last 30 days?
select exists (
	select from retention_session
	where org_id = $1::uuid and live = $2::boolean and customer_ref = $3::text and started_at > now() - interval '30 days'
) as known
