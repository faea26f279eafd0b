-- The histories of the write-ahead log, the newest last: a token for each change of the cluster or its timeline. A timeline's number alone
-- does not tell them apart: after a restore from a dump or pg_upgrade timelines are counted anew, while these rows are still there.
drop table if exists wal_timeline;
create table wal_history (
	number bigint generated always as identity primary key,
	system bigint not null,
	timeline int not null,
	token uuid not null default gen_random_uuid()
);
