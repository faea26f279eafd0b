-- $4: the account, null: the key may not read it.
insert into stripe_endpoint (org_id, live, id, account)
values ($1::uuid, $2::boolean, $3::uuid, $4::text)
on conflict (org_id, live) do update set account = coalesce(excluded.account, stripe_endpoint.account)
