-- What has been read at last.
delete from event_skipped where consumer = $1::text and position > $2::bigint and position <= $3::bigint
