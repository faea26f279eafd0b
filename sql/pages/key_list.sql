-- Keys that work first, newest first.
select id, name, kind, live, 'stoa_' || case when live then 'live' else 'test' end || '_' || prefix as prefix, last4,
	array_to_string(origins, E'\n') as origins, signature_required,
	created_at, last_used_at,
	revoked_at is null and (expires_at is null or expires_at > now()) as works,
	revoked_at is not null as revoked
from api_key
where org_id = $1::uuid
order by works desc, id desc
limit 100
