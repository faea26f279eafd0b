-- Events of each type a day, the newest days first. $3 and $4: the first and the last day; $5: the cursor.
select day, type, count, day::text || ' ' || type as cursor
from event_daily
where org_id = $1::uuid and live = $2::boolean and day between $3::date and $4::date and count > 0
	and ($5::text is null or (day, type) < (split_part($5::text, ' ', 1)::date, split_part($5::text, ' ', 2)))
order by day desc, type desc
limit $6::int + 1
