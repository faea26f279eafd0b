insert into stripe_endpoint (org_id, live, id)
values ($1::uuid, $2::boolean, $3::uuid)
on conflict (org_id, live) do nothing
