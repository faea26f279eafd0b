-- $1 id, $2 organisation or null for whichever.
select state, kind, attempt, attempts, progress, progress_note, result,
	errors->-1->>'code' as code, errors->-1->>'message' as message, cancel_at is not null as cancelling
from job
where id = $1::uuid and ($2::uuid is null or org_id = $2::uuid)
