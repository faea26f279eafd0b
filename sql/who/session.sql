-- The session behind an access token. A way into a tenant: the hash stands for the organisation.
select s.org_id, s.id, s.account_id, m.role, a.operator, a.language, a.time_zone,
	(extract(epoch from s.access_expires_at) * 1000000)::bigint as expires_us,
	s.seen_at < now() - interval '1 minute' as stale
from session s
join membership m on m.org_id = s.org_id and m.account_id = s.account_id
join account a on a.id = s.account_id
where s.access_hash = $1::bytea and s.revoked_at is null and s.access_expires_at > now()
