update event_consumer
set position = $2::bigint, reached = greatest(reached, $2::bigint), failing_at = null, failing_since = null, failures = 0, code = null,
	message = null, updated_at = now()
where name = $1
