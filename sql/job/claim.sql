-- $1 kinds, $2 their queues, $3 their limits, $4 worker, $5 lease in ms, $6 the queue that is looked at first, $7 most: see
-- sql/schema/0004_queue.sql. Not a plain select, which would be asked again when its answer is lost.
with claimed as (select * from job_claim($1::text[], $2::smallint[], $3::int[], $4, $5::int, $6::smallint, $7::int))
select id, org_id, kind, payload, attempt, attempts, first_attempt, begun, waited_us
from claimed
