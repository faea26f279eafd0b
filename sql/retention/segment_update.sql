update segment
set name = $3::text, condition = $4::jsonb, version = version + 1, updated_at = now()
where org_id = $1::uuid and id = $2::uuid
