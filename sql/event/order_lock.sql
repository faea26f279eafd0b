-- One reader at a time gives positions, until its transaction ends.
select pg_advisory_xact_lock(hashtext('stoa.event.order'))
