insert into wal_history (system, timeline) values ($1::int8, $2::int4)
