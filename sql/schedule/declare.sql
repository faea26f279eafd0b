-- One of the house's. Its next time ($10, microseconds or null) is moved only when the times have changed; whether it is enabled stays.
insert into schedule (id, name, cron, zone, kind, queue, attempts, payload, missed, next_at)
values ($1::uuid, $2, $3, $4, $5, $6::smallint, $7::int, $8::jsonb, $9, timestamptz 'epoch' + $10::bigint * interval '1 microsecond')
on conflict (org_id, name) do update
set cron = excluded.cron, zone = excluded.zone, kind = excluded.kind, queue = excluded.queue, attempts = excluded.attempts,
	payload = excluded.payload, missed = excluded.missed,
	next_at = case when (schedule.cron, schedule.zone) = (excluded.cron, excluded.zone) then schedule.next_at else excluded.next_at end
