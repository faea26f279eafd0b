-- Workers that died without a word. A batch at a time.
delete from worker
where name in (
	select name from worker where seen_at < now() - interval '1 day' order by seen_at limit 1000 for update skip locked
)
