-- $2 seconds, $1 seconds ago.
select (now() - make_interval(secs => $1::int + $2::int))::text as since, (now() - make_interval(secs => $1::int))::text as until
