-- For the command: every key of an organisation.
select k.id, k.name, k.kind, k.live, k.prefix, k.last4, array_to_string(k.origins, ' ') as origins, k.expires_at, k.last_used_at,
	case when k.revoked_at is not null then 'revoked' when k.expires_at <= now() then 'expired' else 'works' end as state
from api_key k
where k.org_id = $1::uuid
order by k.id
