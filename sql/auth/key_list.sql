-- $2: the cursor. Newest first; keys that are revoked or expired stay in the list.
select k.id, k.name, k.kind, k.live, 'stoa_' || case when k.live then 'live' else 'test' end || '_' || k.prefix as prefix, k.last4,
	k.origins, k.signature_required as "signatureRequired", k.rate_per_minute as "ratePerMinute", k.created_at as "createdAt",
	k.expires_at as "expiresAt", k.last_used_at as "lastUsedAt", k.revoked_at as "revokedAt", k.rotated_to as "rotatedTo"
from api_key k
where k.org_id = $1::uuid and ($2::uuid is null or k.id < $2::uuid)
order by k.id desc
limit $3::int + 1
