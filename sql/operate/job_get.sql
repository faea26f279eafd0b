-- $1 organisation, or null for whichever; $2 id. Payloads, unique keys and, but for the house, workers stay inside.
select id, org_id as "organisationId", kind, (array['high', 'default', 'low'])[queue + 1] as queue, state,
	state = 'running' and cancel_at is not null as cancelling, attempt - first_attempt as attempt, attempts - first_attempt as attempts,
	progress, progress_note as note, run_at as "runAt", created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt",
	case when $1::uuid is null then worker end as worker, result, errors
from job
where id = $2::uuid and ($1::uuid is null or org_id = $1::uuid)
