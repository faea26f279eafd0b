-- How far each consumer is. What has no position yet nobody has read.
select c.name, c.position, c.reached, c.updated_at, c.failing_at, c.failing_since, c.failures, c.code, c.message,
	(select count(*) from event e where e.position > c.position) + (select count(*) from event e where e.position is null) as behind,
	(select count(*) from event_skipped s where s.consumer = c.name) as skipped
from event_consumer c
order by c.name
