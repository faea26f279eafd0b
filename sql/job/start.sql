-- Begins a job that this worker holds: $1 id, $2 its attempts so far, $3 worker, $4 lease in ms. No row: it is not ours any more.
update job
set attempt = attempt + 1, started_at = now(), leased_until = now() + $4::int * interval '1 ms'
where id = $1::uuid and attempt = $2::int and worker = $3 and state = 'running' and started_at is null
