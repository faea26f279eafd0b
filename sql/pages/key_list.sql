-- Keys that work first, newest first.
select id, name, kind, live, 'stoa_' || case when live then 'live' else 'test' end || '_' || prefix as prefix, last4,
	array_to_string(origins, E'\n') as origins, signature_required,
	to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as created,
	to_char(created_at at time zone 'UTC', 'FMDD Mon YYYY') as created_text,
	to_char(last_used_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as used,
	to_char(last_used_at at time zone 'UTC', 'FMDD Mon YYYY') as used_text,
	revoked_at is null and (expires_at is null or expires_at > now()) as works,
	revoked_at is not null as revoked
from api_key
where org_id = $1::uuid
order by works desc, id desc
limit 100
