-- A new import, or on from where the last one was cut off. $3: its job.
insert into stripe_sync (org_id, live, job_id, import_began_at)
values ($1::uuid, $2::boolean, $3::uuid, now())
on conflict (org_id, live) do update set
	job_id = excluded.job_id,
	phase = case when stripe_sync.import_ended_at is null then stripe_sync.phase else 0 end,
	cursor = case when stripe_sync.import_ended_at is null then stripe_sync.cursor end,
	counts = case when stripe_sync.import_ended_at is null then stripe_sync.counts else '{}' end,
	import_began_at = case when stripe_sync.import_ended_at is null then coalesce(stripe_sync.import_began_at, now()) else now() end,
	import_ended_at = null
