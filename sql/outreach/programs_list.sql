select program, enabled, array(select d::text from unnest(days) with ordinality x (d, n) order by n) as days,
	array(select d::text from unnest(percents) with ordinality x (d, n) order by n) as percents, months, retries, retry_hour, updated_at
from outreach_programs
where org_id = $1::uuid
order by array_position('{payment,retention,reactivation}'::text[], program)
