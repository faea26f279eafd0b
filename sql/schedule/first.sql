-- When the first one is due, in microseconds. $1 the house's schedules that this program declares.
select (extract(epoch from next_at) * 1000000)::bigint as next_us
from schedule
where enabled and next_at is not null and (org_id is not null or name = any ($1::text[]))
order by next_at
limit 1
