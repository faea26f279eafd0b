-- $3 whether the reader may know customers, $4 the only mode or null.
select id, live, from_day, to_day, customers, totals, created_at
from report
where org_id = $1::uuid and id = $2::uuid and (not customers or $3::boolean) and ($4::boolean is null or live = $4)
