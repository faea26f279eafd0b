-- Across organisations. $1 now in microseconds, $2 the house's schedules that this program declares, $3 most. One that somebody changes at this moment is
-- left for the next time.
select id, org_id, name, cron, zone, kind, queue, attempts, payload, missed = 'skip' as skip,
	(extract(epoch from next_at) * 1000000)::bigint as next_us
from schedule
where enabled and next_at <= timestamptz 'epoch' + $1::bigint * interval '1 microsecond' and (org_id is not null or name = any ($2::text[]))
order by next_at, id
limit $3::int
for update skip locked
