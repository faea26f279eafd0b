-- $1 name, $2 kind, $3 queue: one of the two.
insert into job_pause (name, kind, queue) values ($1, $2, $3::smallint) on conflict (name) do nothing
