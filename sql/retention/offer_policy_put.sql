insert into offer_policy (org_id, policy, floor)
values ($1::uuid, $2::text, $3::int)
on conflict (org_id) do update
set policy = excluded.policy, floor = excluded.floor, updated_at = now()
