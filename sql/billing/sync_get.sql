select job_id, phase, cursor, extract(epoch from import_began_at)::bigint as began_s, import_ended_at is not null as ended,
	extract(epoch from events_through)::bigint as through_s, extract(epoch from events_until)::bigint as until_s, events_cursor
from stripe_sync
where org_id = $1::uuid and live = $2::boolean
