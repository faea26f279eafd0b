-- $1 organisation, or null for the whole house. What ended in the last minute and hour, one row a queue: of an organisation's the newest
-- 10,000 of each outcome are looked at, of the house's the last 50,000 ends, and as many deaths. Rows are compared for the reason in
-- sql/operate/job_list.sql.
with ended as (
	select own.queue, s.state, own.finished_at
	from (values ('done'), ('dead'), ('cancelled')) s (state)
	cross join lateral (
		select queue, finished_at from job
		where org_id is not null and (org_id, state, id) >= ($1::uuid, s.state, '00000000-0000-0000-0000-000000000000'::uuid)
			and (org_id, state, id) < ($1::uuid, s.state, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
		order by org_id desc, state desc, id desc limit 10000
	) own
	union all
	(select queue, state, finished_at from job
	where $1::uuid is null and state in ('done', 'cancelled') and finished_at > now() - interval '1 hour'
	order by finished_at desc limit 50000)
	union all
	(select queue, state, finished_at from job
	where $1::uuid is null and state = 'dead' and finished_at > now() - interval '1 hour'
	limit 50000)
), fresh as (
	select queue, state, finished_at > now() - interval '1 minute' as minute from ended where finished_at > now() - interval '1 hour'
)
select queues.queue,
	count(*) filter (where state = 'done' and minute) as done_minute, count(*) filter (where state = 'done') as done_hour,
	count(*) filter (where state = 'dead' and minute) as dead_minute, count(*) filter (where state = 'dead') as dead_hour,
	count(*) filter (where state = 'cancelled' and minute) as cancelled_minute, count(*) filter (where state = 'cancelled') as cancelled_hour
from (values (0::smallint), (1), (2)) queues (queue)
left join fresh using (queue)
group by queues.queue
order by queues.queue
