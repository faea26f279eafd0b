-- Children of a supervisor that died: $1 their names. Their leases end now, so that what they ran is reclaimed. A row that a statement of
-- the dead one still locks is left for the next time.
with gone as (
	delete from worker where name = any ($1::text[])
), lost as materialized (
	select id from job where state = 'running' and worker = any ($1::text[]) and leased_until > now() for update skip locked
)
update job
set leased_until = now() - interval '1 ms'
from lost
where job.id = lost.id
