insert into privacy_setting (org_id, cancel_now)
values ($1::uuid, $2::boolean)
on conflict (org_id) do update set cancel_now = excluded.cancel_now, updated_at = now()
