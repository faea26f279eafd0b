-- Sums over machines, by time and key. $1 kind or null, $2 key or null, $3 seconds back from now, $4 seconds of a point (0: one point).
-- A day at most is read by its minutes, more by its hours and the minutes of those that have not ended.
with rows as (
	select * from observe_sample
	where step = case when $3::bigint <= 86400 then 60 else 3600 end and ($1::text is null or kind = $1) and at > now() - make_interval(secs => $3::bigint)
		and ($2::text is null or key = $2)
	union all
	select * from observe_sample
	where step = 60 and $3::bigint > 86400 and ($1::text is null or kind = $1) and ($2::text is null or key = $2)
		and at >= (select coalesce(max(at) + interval '1 hour', '-infinity') from observe_sample where step = 3600 and at > now() - interval '2 days')
), placed as (
	select case when $4::bigint > 0 then (extract(epoch from at)::bigint / $4::bigint) * $4::bigint else 0 end as point, rows.* from rows
), buckets as (
	select point, kind, key, array_agg(part order by bucket, place) as buckets
	from (
		select point, kind, key, bucket, sum(observed) as observed
		from placed, lateral (select buckets[2 * i - 1] as bucket, buckets[2 * i]::bigint as observed from generate_series(1, cardinality(buckets) / 2) i) b
		group by point, kind, key, bucket
	) t, lateral (values (1, bucket::bigint), (2, observed)) p (place, part)
	group by point, kind, key
), levels as (
	-- The largest of a point; of a time machines add up, but for queues, which each of them sees whole.
	select point, kind, key, max(level) as level, max(most) as most
	from (select point, at, kind, key, case when kind = 'queue' then max(level) else sum(level) end as level,
		case when kind = 'queue' then max(most) else sum(most) end as most from placed group by point, at, kind, key) t
	group by point, kind, key
)
select p.point, p.kind, p.key, max(p.class) as class, sum(p.count)::bigint as count, sum(p.refused)::bigint as refused, sum(p.failed)::bigint as failed,
	sum(p.slow) as slow, sum(p.sum_us)::bigint as sum_us, max(l.level)::bigint as level, max(l.most)::bigint as most, max(b.buckets) as buckets
from placed p join levels l using (point, kind, key) left join buckets b using (point, kind, key)
group by p.point, p.kind, p.key
order by p.point, p.kind, p.key
