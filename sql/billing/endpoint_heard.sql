-- Not with every event: the row is one for all of them.
update stripe_endpoint
set last_event_at = now()
where org_id = $1::uuid and live = $2::boolean and (last_event_at is null or last_event_at < now() - interval '5 s')
