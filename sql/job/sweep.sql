-- Finished jobs are kept for a day, dead ones for ever. A batch at a time.
delete from job
where id in (
	select id from job where state in ('done', 'cancelled') and finished_at < now() - interval '1 day'
	order by finished_at limit 500 for update skip locked
)
