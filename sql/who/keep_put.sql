insert into keep_period (org_id, name, days)
values ($1::uuid, $2::text, $3::int)
on conflict (org_id, name) do update set days = excluded.days, updated_at = now()
