-- $1 the cursor, $2 most. Workers that were seen in the last minute.
select w.name as id, w.host, w.pid, w.threads, w.started_at as "startedAt", w.seen_at as "seenAt",
	(select count(*) from job where state = 'running' and worker = w.name) as running
from worker w
where w.seen_at > now() - interval '1 minute' and ($1::text is null or w.name > $1)
order by w.name
limit $2::int + 1
