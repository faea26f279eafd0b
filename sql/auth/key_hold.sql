-- A key that works, held until the transaction ends. next_expires_at: a successor lives as long as this one was made for.
select k.name, k.kind, k.live, array_to_string(k.origins, ' ') as origins, k.signature_required, k.rate_per_minute,
	now() + (k.expires_at - k.created_at) as next_expires_at
from api_key k
where k.org_id = $1::uuid and k.id = $2::uuid and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())
for update
