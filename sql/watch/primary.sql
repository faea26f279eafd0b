-- How far the log is on disk, and the token of its history, if it has one yet.
select (log.position - '0/0')::int8 as position, log.system, log.timeline, history.token
from (
	select flushed as position, ('x' || left(pg_walfile_name(flushed), 8))::bit(32)::int4 as timeline,
		(select system_identifier from pg_control_system()) as system
	from pg_current_wal_flush_lsn() as flushed
) as log
left join (select system, timeline, token from wal_history order by number desc limit 1) as history
	on history.system = log.system and history.timeline = log.timeline
