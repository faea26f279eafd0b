-- $1 consumer, $2 the position at which it fails, $3 counts, $4 code, $5 message.
update event_consumer
set failures = case when failing_at = $2::bigint then failures else 0 end + $3::int,
	failing_since = case when failing_at = $2::bigint then failing_since else now() end,
	failing_at = $2::bigint, code = $4, message = $5
where name = $1
returning failures
