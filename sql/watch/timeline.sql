insert into wal_timeline (timeline) values ($1::int4) on conflict do nothing
