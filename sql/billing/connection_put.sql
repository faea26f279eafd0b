insert into stripe_connection (org_id, live, key_sealed, key_last4, account)
values ($1::uuid, $2::boolean, $3::bytea, $4::text, $5::text)
on conflict (org_id, live) do update
set key_sealed = excluded.key_sealed, key_last4 = excluded.key_last4, account = excluded.account, updated_at = now()
