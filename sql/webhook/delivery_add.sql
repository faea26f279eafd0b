insert into webhook_delivery (org_id, id, endpoint_id, event_id)
values ($1::uuid, $2::uuid, $3::uuid, $4::uuid)
on conflict (org_id, event_id, endpoint_id) do nothing
returning id
