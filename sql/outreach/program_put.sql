-- $4 and $5: arrays of numbers; what is null stays as it is.
insert into outreach_program (org_id, program, enabled, days, percents, months, retries, retry_hour)
select p.org_id, p.program, coalesce($3::boolean, p.enabled), coalesce($4::smallint[], p.days), coalesce($5::smallint[], p.percents),
	coalesce($6::smallint, p.months), coalesce($7::smallint, p.retries), coalesce($8::smallint, p.retry_hour)
from outreach_programs p
where p.org_id = $1::uuid and p.program = $2::text
on conflict (org_id, program) do update set enabled = excluded.enabled, days = excluded.days, percents = excluded.percents, months = excluded.months,
	retries = excluded.retries, retry_hour = excluded.retry_hour, updated_at = now()
