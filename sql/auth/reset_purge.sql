delete from password_reset
where account_id = $1::uuid and created_at < now() - interval '30 days'
