-- $1 state, $2 kind, $3 queue, each or null; $4 most. The newest first; of waiting jobs those that come next.
select id, kind, queue, state, attempt, attempts, run_at, created_at, started_at, finished_at, worker, progress, progress_note,
	errors->-1->>'message' as message
from (
	(select * from job where $1 = 'waiting' and state = 'waiting' and ($2::text is null or kind = $2) and ($3::smallint is null or queue = $3)
		order by run_at, id limit $4::int)
	union all
	(select * from job where $1 = 'running' and state = 'running' and ($2::text is null or kind = $2) and ($3::smallint is null or queue = $3)
		order by id desc limit $4::int)
	union all
	(select * from job where $1 = 'dead' and state = 'dead' and ($2::text is null or kind = $2) and ($3::smallint is null or queue = $3)
		order by finished_at desc limit $4::int)
	union all
	(select * from job where ($1 is null or $1 in ('done', 'cancelled')) and state = coalesce($1, state)
		and ($2::text is null or kind = $2) and ($3::smallint is null or queue = $3)
		order by id desc limit $4::int)
) found
