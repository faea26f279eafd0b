-- Sessions of everybody that ended more than 30 days ago, as session_purge does for one person. A batch at a time.
delete from session
where (org_id, id) in (
	select org_id, id from session
	where least(refresh_expires_at, revoked_at) < now() - interval '30 days'
	order by least(refresh_expires_at, revoked_at) limit 1000 for update skip locked
)
