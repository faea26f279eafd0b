-- $2 the next time, null for never; $3 the time that was run for, null for none; in microseconds.
update schedule
set next_at = timestamptz 'epoch' + $2::bigint * interval '1 microsecond',
	last_at = coalesce(timestamptz 'epoch' + $3::bigint * interval '1 microsecond', last_at)
where id = $1::uuid
