-- $1 this one, which ends, or null: it stays; $2 its machine, whose workers of long ago go as well.
delete from worker where name = $1 or (host = $2 and seen_at < now() - interval '1 hour')
