select pg_advisory_xact_lock(hashtextextended('billing ' || $1::text || $2::text, 0))
