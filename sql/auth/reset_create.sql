-- No row: $4 tokens were made within the hour.
insert into password_reset (token_hash, account_id, expires_at)
select $2::bytea, $1::uuid, now() + make_interval(secs => $3::int)
where (select count(*) from password_reset where account_id = $1::uuid and created_at > now() - interval '1 hour') < $4::int
returning account_id
