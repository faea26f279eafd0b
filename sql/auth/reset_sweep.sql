-- Links of everybody that are older than 30 days. A batch at a time.
delete from password_reset
where token_hash in (
	select token_hash from password_reset where created_at < now() - interval '30 days'
	order by created_at limit 1000 for update skip locked
)
