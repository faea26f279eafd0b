insert into subscription_claim (org_id, live, subscription_ref, customer_ref)
values ($1::uuid, $2::boolean, $3::text, $4::text)
on conflict (org_id, live, subscription_ref) do nothing
