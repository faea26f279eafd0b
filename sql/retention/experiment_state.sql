update experiment
set status = $3::text, winner = $4::smallint, updated_at = now(), version = version + 1,
	started_at = case when $3::text = 'running' then now() else started_at end,
	stopped_at = case when $3::text = 'running' then null else coalesce(stopped_at, now()) end
where org_id = $1::uuid and id = $2::uuid
