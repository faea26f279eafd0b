-- All that an attempt needs. $3: seconds of only failures after which the endpoint is to be disabled.
select d.state, d.endpoint_id, d.event_id, w.url, w.enabled, w.secret_sealed,
	case when w.secret_before_until > now() then w.secret_before_sealed end as secret_before_sealed,
	w.failing_since is not null as failing, coalesce(w.failing_since < now() - $3::int * interval '1 second', false) as overdue,
	to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, e.live, e.type, e.entity, e.entity_id, e.payload,
	e.schema_version
from webhook_delivery d
join webhook_endpoint w on w.org_id = d.org_id and w.id = d.endpoint_id
join event e on e.org_id = d.org_id and e.id = d.event_id
where d.org_id = $1::uuid and d.id = $2::uuid
