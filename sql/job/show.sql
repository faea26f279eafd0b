select id, org_id, kind, queue, state, attempt, attempts, first_attempt, unique_key, worker, progress, progress_note, cancel_at,
	run_at, created_at, started_at, finished_at, payload, result, errors
from job
where id = $1::uuid
