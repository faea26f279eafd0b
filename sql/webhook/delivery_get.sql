-- One delivery with its attempts, the newest first.
select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", e.type, d.state, d.attempts, d.status, d.created_at as "createdAt",
	d.settled_at as "settledAt", coalesce((
		select jsonb_agg(jsonb_build_object('number', a.number, 'at', a.at, 'durationMs', a.duration_ms, 'status', a.status,
			'trouble', a.trouble, 'request', jsonb_build_object('headers', a.request_headers, 'body', a.request_body),
			'response', jsonb_build_object('headers', a.response_headers, 'body', a.response_body)) order by a.number desc)
		from (select * from webhook_attempt r where r.org_id = $1::uuid and r.delivery_id = $2::uuid order by r.number desc limit 50) a
	), '[]') as log
from webhook_delivery d
join event e on e.org_id = d.org_id and e.id = d.event_id
where d.org_id = $1::uuid and d.id = $2::uuid
