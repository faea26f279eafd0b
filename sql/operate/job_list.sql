-- $1 organisation, or null for the whole house; $2 a state, "retrying" (waiting after a failure), or null; $3 kind or null; $4 queue or null;
-- $5 the cursor; $6 newest or oldest (by when they were enqueued); $7 most. The house's few dead, running and retrying by their
-- indexes, its others along the primary key. An organisation's by job_org alone: rows are compared, and ordered by what is the same in
-- all of them, because of a big organisation the planner would rather read the house's jobs in order until it has enough.
with states as (
	select unnest(case when $2::text is null then array['waiting', 'running', 'done', 'dead', 'cancelled'] else array[$2::text] end) as state
	where $1::uuid is not null
), found as (
	select own.id
	from states s
	cross join lateral (
		select id from job
		where org_id is not null and (org_id, state, id) >= ($1::uuid, s.state, '00000000-0000-0000-0000-000000000000'::uuid)
			and (org_id, state, id) < ($1::uuid, s.state, coalesce($5::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))
			and ($3::text is null or kind = $3) and ($4::smallint is null or queue = $4)
		order by org_id desc, state desc, id desc limit $7::int + 1
	) own
	where $6::text = 'newest'
	union all
	select own.id
	from states s
	cross join lateral (
		select id from job
		where org_id is not null and (org_id, state, id) <= ($1::uuid, s.state, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
			and (org_id, state, id) > ($1::uuid, s.state, coalesce($5::uuid, '00000000-0000-0000-0000-000000000000'::uuid))
			and ($3 is null or kind = $3) and ($4::smallint is null or queue = $4)
		order by org_id, state, id limit $7::int + 1
	) own
	where $6 = 'oldest'
	union all
	select id from job
	where $2 = 'retrying' and state = 'waiting' and attempt > first_attempt and ($1::uuid is null or org_id = $1::uuid)
		and ($3 is null or kind = $3) and ($4::smallint is null or queue = $4)
	union all
	select id from job
	where $1::uuid is null and $2 = 'dead' and state = 'dead' and ($3 is null or kind = $3) and ($4::smallint is null or queue = $4)
	union all
	select id from job
	where $1::uuid is null and $2 = 'running' and state = 'running' and ($3 is null or kind = $3) and ($4::smallint is null or queue = $4)
	union all
	(select id from job
	where $1::uuid is null and $6 = 'newest' and coalesce($2, '') not in ('dead', 'running', 'retrying') and ($2 is null or state = $2)
		and ($3 is null or kind = $3) and ($4::smallint is null or queue = $4) and ($5::uuid is null or id < $5::uuid)
	order by id desc limit $7::int + 1)
	union all
	(select id from job
	where $1::uuid is null and $6 = 'oldest' and coalesce($2, '') not in ('dead', 'running', 'retrying') and ($2 is null or state = $2)
		and ($3 is null or kind = $3) and ($4::smallint is null or queue = $4) and ($5::uuid is null or id > $5::uuid)
	order by id limit $7::int + 1)
), picked as (
	select id from found
	where $5::uuid is null or case when $6 = 'oldest' then id > $5::uuid else id < $5::uuid end
	order by case when $6 = 'oldest' then id end, id desc
	limit $7::int + 1
)
select job.id, org_id as "organisationId", kind, (array['high', 'default', 'low'])[queue + 1] as queue, state,
	state = 'running' and cancel_at is not null as cancelling, attempt - first_attempt as attempt, attempts - first_attempt as attempts,
	progress, progress_note as note, run_at as "runAt", created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt",
	errors->-1->>'code' as code, errors->-1->>'message' as message
from picked
cross join lateral (select * from job where job.id = picked.id limit 1) job
order by case when $6 = 'oldest' then job.id end, job.id desc
