update event_consumer set position = $2::bigint, updated_at = now() where name = $1
