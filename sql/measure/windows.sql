-- The last $1 seconds in pieces of $2.
select t::text as since, (t + make_interval(secs => $2::int))::text as until
from generate_series(now() - make_interval(secs => $1::int), now(), make_interval(secs => $2::int)) t
