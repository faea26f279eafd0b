select id from job where org_id = $1::uuid and kind = $2::text and unique_key = $3::text and state in ('waiting', 'running')
