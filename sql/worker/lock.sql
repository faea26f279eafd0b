-- $1 machine. Held by the connection: a worker with --max-runtime, one a machine.
select pg_try_advisory_lock(hashtextextended('stoa worker ' || $1, 0)) as ours
