-- Dead jobs of organisation $1 (null: of whichever) and kind $2 (null: of all) that died before $3, a batch at a time, as
-- sql/job/replay.sql. One whose work waits or runs again already stays, as do all but the last of those with one key.
with dead as materialized (
	select id from job
	where state = 'dead' and ($1::uuid is null or org_id = $1::uuid) and ($2::text is null or kind = $2) and finished_at < $3::timestamptz
		and (unique_key is null or not exists (
			select from job other where other.kind = job.kind and other.unique_key = job.unique_key
				and (other.state in ('waiting', 'running') or other.state = 'dead' and other.id > job.id)))
	order by finished_at limit 500 for update skip locked
), again as (
	update job
	set state = 'waiting', run_at = now(), finished_at = null, cancel_at = null, progress = null, progress_note = null,
		first_attempt = attempt, attempts = attempt + attempts - first_attempt
	from dead
	where job.id = dead.id
	returning job.id
)
select count(*) as replayed, case when count(*) > 0 then pg_notify('stoa_job', '')::text end from again
