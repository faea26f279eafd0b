-- The history of the write-ahead log: a token for each of its timelines. A replica whose newest token is not the primary's follows
-- another history, and positions in the log cannot be compared with it (lib/pg/replica.c).
create table wal_timeline (
	timeline int primary key,
	token uuid not null default gen_random_uuid()
);
