-- $1 id, $2 attempt, $3 result. Again with the same attempt it changes nothing new: an answer that was lost can be asked for again.
-- And begins the job that comes next, as sql/job/start.sql: $4 id or null, $5 its attempts so far, $6 worker, $7 lease in ms.
with mine as (
	update job
	set state = 'done', finished_at = coalesce(finished_at, now()), leased_until = null, result = $3::jsonb
	where id = $1::uuid and attempt = $2::int and state in ('running', 'done')
	returning 1
), next as (
	update job
	set attempt = attempt + 1, started_at = now(), leased_until = now() + $7::int * interval '1 ms'
	where id = $4::uuid and attempt = $5::int and worker = $6 and state = 'running' and started_at is null
	returning 1
)
select exists (select from mine) as ours, exists (select from next) as begun
