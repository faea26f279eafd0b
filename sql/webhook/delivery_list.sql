-- $2 the endpoint, $3 the cursor, $4 a state or null. Newest first.
select d.id, d.event_id as "eventId", e.type, d.state, d.attempts, d.status, d.created_at as "createdAt", d.settled_at as "settledAt"
from webhook_delivery d
join event e on e.org_id = d.org_id and e.id = d.event_id
where d.org_id = $1::uuid and d.endpoint_id = $2::uuid and ($3::uuid is null or d.id < $3::uuid) and ($4::text is null or d.state = $4)
order by d.id desc
limit $5::int + 1
