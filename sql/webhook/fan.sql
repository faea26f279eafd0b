-- Endpoints for the events of positions $1 (without) to $2 (with), but for what happened before there was the endpoint. A test goes to
-- its own endpoint by itself, and what happens to an endpoint is not told to that one.
select e.org_id, e.id as event_id, w.id as endpoint_id
from event e
join webhook_endpoint w on w.org_id = e.org_id and w.live = e.live and w.enabled and w.created_at <= e.at
where e.position > $1::bigint and e.position <= $2::bigint and e.type <> 'webhook.test'
	and not (e.entity = 'webhook_endpoint' and e.entity_id = w.id::text)
	and (w.events = '{}' or e.type = any (w.events) or split_part(e.type, '.', 1) || '.*' = any (w.events))
order by e.position, w.id
