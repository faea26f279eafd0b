-- How many sessions a report will hold, as far as $7. $3 and $4 bound the ids (which grow with time), $5 and $6 the days.
select count(*) as sessions from (
	select 1
	from retention_session s
	where s.org_id = $1::uuid and s.live = $2::boolean and s.id > $3::uuid and s.id < $4::uuid
		and s.started_at >= $5::date::timestamp at time zone 'UTC' and s.started_at < ($6::date + 1)::timestamp at time zone 'UTC'
	limit $7::int
) found
