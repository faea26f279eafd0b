insert into stripe_sync (org_id, live, scopes, scopes_at)
values ($1::uuid, $2::boolean, $3::jsonb, now())
on conflict (org_id, live) do update set scopes = excluded.scopes, scopes_at = excluded.scopes_at
