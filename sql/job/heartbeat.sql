-- Attempts that this worker runs and jobs that it holds: $1 ids, $2 attempt numbers, $3 lease in ms. A row that its handler has fenced is
-- left out: nobody else can take it meanwhile, and waiting for it would hold up the others. Answers with those to be cancelled.
with mine as materialized (
	select job.id
	from unnest($1::uuid[], $2::int[]) running (id, attempt)
	join job on job.id = running.id and job.attempt = running.attempt and job.state = 'running'
	for update of job skip locked
), renewed as (
	update job
	set leased_until = now() + $3::int * interval '1 ms'
	from mine
	where job.id = mine.id
)
select job.id
from unnest($1::uuid[], $2::int[]) running (id, attempt)
join job on job.id = running.id and job.attempt = running.attempt and job.state = 'running'
where job.cancel_at is not null
