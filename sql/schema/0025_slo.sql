-- What each machine's metrics said, minute by minute for a day and hour by hour for 30: of the house, not of an organisation (observe/history.h).
create table observe_node (
	node       text primary key,
	sampled_at timestamptz not null,
	epoch      text not null,  -- of the metrics file: what another one counted is no beginning to count from
	counted    jsonb not null  -- by series, as of sampled_at
);

create table observe_sample (
	step    smallint not null check (step in (60, 3600)),
	at      timestamptz not null,
	kind    text not null,
	key     text not null,
	node    text not null,
	class   text,
	count   bigint not null,           -- of what kind counts: requests, look-ups, waits, statements
	refused bigint not null,           -- answered with 4xx
	failed  bigint not null,           -- with 5xx; misses
	slow    double precision not null, -- over the goal; a part of one where the goal lies within a bucket
	sum_us  bigint not null,
	level   bigint not null,           -- the largest seen of what rises and falls
	most    bigint not null,
	buckets integer[] not null,        -- of the metrics' histogram: number of the bucket, observations, and so on
	primary key (step, kind, at, key, node)
);
-- Rows are written once and go in the order of time.
create index observe_sample_old on observe_sample (step, at);
