-- null leaves a value. Enabling forgets the failures.
update webhook_endpoint
set url = coalesce($3, url), events = coalesce($4::text[], events), description = coalesce($5, description),
	enabled = coalesce($6::boolean, enabled),
	failing_since = case when $6::boolean or ($3 is not null and $3 <> url) then null else failing_since end,
	disabled_at = case when $6::boolean then null when not $6::boolean and enabled then now() else disabled_at end,
	disabled_reason = case when $6::boolean then null when not $6::boolean and enabled then 'person' else disabled_reason end,
	updated_at = now()
where org_id = $1::uuid and id = $2::uuid
