-- Consumers with something to read.
select c.name
from event_consumer c
where exists (select from event e where e.position > c.position) or exists (select from event e where e.position is null)
order by c.name
