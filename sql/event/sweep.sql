-- What is older than $1 days and has been read by everybody. A batch at a time.
delete from event
where (org_id, id) in (
	select org_id, id from event
	where at < now() - $1::int * interval '1 day' and position <= (select min(position) from event_consumer)
	order by at limit 500
)
