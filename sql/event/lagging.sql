-- Consumers with something to read.
select name
from event_consumer
where position < (select max(position) from event) or exists (select from event where position is null)
order by name
