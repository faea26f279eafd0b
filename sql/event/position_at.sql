-- The last position before the time.
select coalesce((select min(position) - 1 from event where at >= $1::timestamptz),
	(select max(position) from event), 0) as position
