-- $1 organisation. As sql/job/depth.sql; of each state at most 10,000 are counted. Rows are
-- compared for the reason in sql/operate/job_list.sql.
with own as (
	select found.queue, s.state, found.run_at
	from (values ('waiting'), ('running'), ('dead')) s (state)
	cross join lateral (
		select queue, run_at from job
		where org_id is not null and (org_id, state, id) >= ($1::uuid, s.state, '00000000-0000-0000-0000-000000000000'::uuid)
			and (org_id, state, id) < ($1::uuid, s.state, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
		order by org_id, state, id limit 10000
	) found
)
select queues.queue, count(*) filter (where own.state = 'waiting') as waiting,
	count(*) filter (where own.state = 'waiting' and own.run_at <= now()) as due, count(*) filter (where own.state = 'running') as running,
	coalesce(greatest(extract(epoch from now() - min(own.run_at) filter (where own.state = 'waiting')), 0)::bigint, 0) as oldest_s,
	count(*) filter (where own.state = 'dead') as dead
from (values (0::smallint), (1), (2)) queues (queue)
left join own using (queue)
group by queues.queue
order by queues.queue
