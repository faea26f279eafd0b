-- A key that works.
select name, kind, live, 'stoa_' || case when live then 'live' else 'test' end || '_' || prefix as prefix, last4,
	array_to_string(origins, E'\n') as origins, signature_required, rate_per_minute, expires_at
from api_key
where org_id = $1::uuid and id = $2::uuid and revoked_at is null and (expires_at is null or expires_at > now())
