-- Only a draft, and only on top of version $9.
update experiment
set name = $3::text, hypothesis = $4::text, flow_id = $5::uuid, condition = $6::jsonb, basis = $7::text, minimum_effect = $8::smallint,
	version = version + 1, updated_at = now()
where org_id = $1::uuid and id = $2::uuid and status = 'draft' and version = $9::int
returning version
