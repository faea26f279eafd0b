-- The person's sessions that can still be used, newest first.
select s.id, s.address, s.agent, s.created_at as "createdAt", s.seen_at as "seenAt", s.refresh_expires_at as "expiresAt",
	s.id = $3::uuid as "current"
from session s
where s.org_id = $1::uuid and s.account_id = $2::uuid and s.revoked_at is null and s.refresh_expires_at > now()
	and ($4::uuid is null or s.id < $4::uuid)
order by s.id desc
limit $5::int + 1
