-- Who judges or rebuilds takes turns by this row. Where to notice sessions from, and to: windows are short, so that a backlog of weeks is
-- gone through in pieces. $1 seconds that a session may be committed late, $2 seconds a window.
select (noticed_at - make_interval(secs => $1::int))::text as since, least(now(), noticed_at + make_interval(secs => $2::int))::text as until,
	noticed_at + make_interval(secs => $2::int) < now() as more, swept_at < now() - interval '1 hour' as sweep
from measure_state
for update
