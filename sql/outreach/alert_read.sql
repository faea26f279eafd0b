-- $4: by whom.
update alert
set read_at = coalesce(read_at, now()), read_by = coalesce(read_by, $4::text)
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
returning id
