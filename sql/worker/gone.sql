-- $1 this one, which ends; and those that died long ago.
delete from worker where name = $1 or seen_at < now() - interval '1 day'
