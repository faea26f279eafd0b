-- How far the log is on disk, and the token of its timeline, if it has one yet.
select (log.position - '0/0')::int8 as position, log.timeline, wal_timeline.token
from (
	select flushed as position, ('x' || left(pg_walfile_name(flushed), 8))::bit(32)::int4 as timeline
	from pg_current_wal_flush_lsn() as flushed
) as log
left join wal_timeline on wal_timeline.timeline = log.timeline
