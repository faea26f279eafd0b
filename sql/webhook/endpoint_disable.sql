-- $3 the reason; "failing" only while it has failed for $4 seconds.
update webhook_endpoint
set enabled = false, disabled_at = now(), disabled_reason = $3, updated_at = now()
where org_id = $1::uuid and id = $2::uuid and enabled
	and ($3 <> 'failing' or failing_since < now() - $4::int * interval '1 second')
returning url, description, live
