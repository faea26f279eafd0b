-- How the connection of a mode stands.
select case when m.live then 'live' else 'test' end as mode, c.org_id is not null as connected, c.key_last4 as last4, c.account,
	'/api/v1/stripe/webhook/' || e.id as "endpointPath", e.secret_sealed is not null as "secretSet",
	case when e.secret_before_until > now() then e.secret_before_until end as "secretBeforeUntil", e.last_event_at as "lastEventAt",
	v.waiting as "eventsWaiting", v.failed as "eventsFailed", y.caught_up_at as "caughtUpAt",
	case when y.import_began_at is null then 'none' when y.import_ended_at is not null then 'done' when j.state in ('waiting', 'running') then 'running'
		else 'stopped' end as "importState",
	y.job_id as "importJob", case when y.import_ended_at is not null then 8 else coalesce(y.phase, 0) end as "importPhase",
	coalesce(y.counts, '{}') as "importCounts", y.import_began_at as "importBeganAt", y.import_ended_at as "importEndedAt",
	j.errors->-1->>'message' as "importMessage", y.scopes, y.scopes_at as "scopesAt",
	(select array_agg(s->>'scope' || ':' || (s->>'access') order by s->>'scope', s->>'access')
		from jsonb_array_elements(coalesce(y.scopes, '[]')) s where not (s->>'allowed')::boolean and (s->>'needed')::boolean) as missing
from (select $2::boolean as live) m
left join stripe_connection c on c.org_id = $1::uuid and c.live = m.live
left join stripe_endpoint e on e.org_id = $1::uuid and e.live = m.live
left join stripe_sync y on y.org_id = $1::uuid and y.live = m.live
left join job j on j.org_id = $1::uuid and j.id = y.job_id
cross join lateral (
	select count(*) filter (where o.state = 'waiting') as waiting, count(*) filter (where o.state = 'failed') as failed
	from stripe_event o
	where o.org_id = $1::uuid and o.live = m.live and o.state in ('waiting', 'failed')
) v
