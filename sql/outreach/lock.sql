-- One run for an organisation and mode at a time, also when a job was taken over.
select pg_advisory_xact_lock(hashtextextended('outreach ' || $1::uuid || $2::boolean, 0))
