-- The job of a report, if this person's: $3 whether any customers in it may be known.
select state, progress, progress_note, cancel_at is not null as cancelling, payload->>'from' as from_day, payload->>'to' as to_day,
	errors->-1->>'message' as message
from job
where org_id = $1::uuid and id = $2::uuid and kind = 'report.make' and ((payload->>'customers')::boolean is not true or $3::boolean)
