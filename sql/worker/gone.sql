-- $1 this one, which ends; and those that have been silent for long.
delete from worker where name = $1 or seen_at < now() - interval '1 hour'
