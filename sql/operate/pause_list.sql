-- $1 the cursor, $2 most. What is held back, by name.
select name as id, kind, (array['high', 'default', 'low'])[queue + 1] as queue, created_at as "createdAt"
from job_pause
where $1::text is null or name > $1
order by name
limit $2::int + 1
