-- The days of which there are sessions, first to last, in pieces of $3: of those before, only the sums are left.
select first_day::text as day, least($3::int, last + 1 - first_day) as days
from (select min(day) as first, max(day) as last from session_outcome where org_id = $1::uuid and live = $2::boolean) t
cross join lateral (select d::date as first_day from generate_series(t.first::timestamp, t.last::timestamp, make_interval(days => $3::int)) d) p
order by first_day
