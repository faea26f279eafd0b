update event_consumer set reached = position where name = $1
