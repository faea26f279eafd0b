delete from mail
where org_id = $1::uuid and live = $2::boolean and lower(address) = lower($3::text) and state <> 'queued'
