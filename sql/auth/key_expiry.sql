-- A key's last moment from $1, or from $2 days.
select coalesce($1::timestamptz, now() + make_interval(days => $2::int)) as at,
	coalesce($1::timestamptz, now() + make_interval(days => $2::int)) > now() as future
