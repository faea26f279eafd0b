-- $1 ids, $2 organisations, $3 payloads, $4 unique keys, $5 delays in ms: an element a job; $6 kind, $7 queue, $8 attempts. $9: wake the
-- workers at commit. A waiting or running job of the same kind and key leaves the new one out.
with fresh as (
	insert into job (id, org_id, kind, queue, payload, unique_key, attempts, run_at)
	select id, org_id, $6, $7::smallint, payload::jsonb, unique_key, $8::int, now() + delay_ms * interval '1 ms'
	from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::int[]) given (id, org_id, payload, unique_key, delay_ms)
	on conflict (kind, unique_key) where unique_key is not null and state in ('waiting', 'running') do nothing
	returning id
)
select id, case when $9::boolean then pg_notify('stoa_job', '')::text end from fresh order by id
