-- Makes them anew.
select measure_count(array(select o from session_outcome o
	where o.org_id = $1::uuid and o.live = $2::boolean and o.day >= $3::date and o.day < $3::date + $4::int), '{}')
