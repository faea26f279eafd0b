-- Deliveries, an element each: $1 organisations, $2 ids, $3 endpoints, $4 events. Those that are there already are left out.
insert into webhook_delivery (org_id, id, endpoint_id, event_id)
select org_id, id, endpoint_id, event_id
from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) given (org_id, id, endpoint_id, event_id)
on conflict (org_id, event_id, endpoint_id) do nothing
returning org_id, id
