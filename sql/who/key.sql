-- Keys by their indexed prefix; the caller compares the hashes. A way into a tenant. An origin holds no space.
select k.org_id, k.id, k.kind, k.live, k.key_hash, k.signature_required, k.rate_per_minute,
	array_to_string(k.origins, ' ') as origins,
	(extract(epoch from k.expires_at) * 1000000)::bigint as expires_us,
	coalesce(k.last_used_at < now() - interval '1 minute', true) as stale
from api_key k
where k.prefix = $1 and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
