-- $9: wake the workers at commit. A waiting or running job of the same kind and key makes this a no-op.
with fresh as (
	insert into job (id, org_id, kind, queue, payload, unique_key, attempts, run_at)
	values ($1::uuid, $2::uuid, $3, $4::smallint, $5::jsonb, $6, $7::int, now() + $8::int * interval '1 ms')
	on conflict (kind, unique_key) where unique_key is not null and state in ('waiting', 'running') do nothing
	returning id
)
select id, case when $9::boolean then pg_notify('stoa_job', '')::text end from fresh
