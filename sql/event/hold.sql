select position, reached from event_consumer where name = $1 for update
