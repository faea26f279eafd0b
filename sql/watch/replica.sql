-- How far the log is replayed, and whose log that is.
select pg_is_in_recovery() as follows, (pg_last_wal_replay_lsn() - '0/0')::int8 as position,
	(select token from wal_history order by number desc limit 1) as token
