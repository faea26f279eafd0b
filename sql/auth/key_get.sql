select k.id, k.name, k.kind, k.live, 'stoa_' || case when k.live then 'live' else 'test' end || '_' || k.prefix as prefix, k.last4,
	k.origins, k.signature_required as "signatureRequired", k.rate_per_minute as "ratePerMinute", k.created_at as "createdAt",
	k.expires_at as "expiresAt", k.last_used_at as "lastUsedAt", k.revoked_at as "revokedAt", k.rotated_to as "rotatedTo"
from api_key k
where k.org_id = $1::uuid and k.id = $2::uuid
