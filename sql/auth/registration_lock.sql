-- One registration at a time, until the transaction ends.
select pg_advisory_xact_lock(hashtext('stoa.registration'))
