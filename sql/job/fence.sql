select 1 from job where id = $1::uuid and attempt = $2::int and state = 'running' for update
