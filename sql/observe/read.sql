-- Sums over machines, by time and key. $1 kind or null, $2 key or null, $3 seconds back from now, $4 seconds of a point (0: one point).
-- Some hours, and the points of a day, are read by their minutes; more by its hours and the minutes at both ends, where no hour is whole.
with range as (
	select $3::bigint <= 21600 or ($3::bigint <= 86400 and $4::bigint > 0) as fine, now() - make_interval(secs => $3::bigint) as begins,
		(select coalesce(max(at) + interval '1 hour', '-infinity') from observe_sample where step = 3600 and at > now() - interval '2 days') as rolled
), rows as (
	select s.* from range, observe_sample s
	where step = case when fine then 60 else 3600 end and ($1::text is null or kind = $1) and at > begins and ($2::text is null or key = $2)
	union all
	select s.* from range, observe_sample s
	where not fine and step = 60 and ($1::text is null or kind = $1) and ($2::text is null or key = $2) and at >= greatest(rolled, begins)
	union all
	select s.* from range, observe_sample s
	where not fine and step = 60 and ($1::text is null or kind = $1) and ($2::text is null or key = $2)
		and at > begins and at < least(rolled, date_trunc('hour', begins) + interval '1 hour')
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
		case when kind = 'queue' then max(most) else sum(most) end as most from placed
		where level > 0 or most > 0 group by point, at, kind, key) t
	group by point, kind, key
), sums as (
	select point, kind, key, max(class) as class, sum(count)::bigint as count, sum(refused)::bigint as refused, sum(failed)::bigint as failed,
		sum(slow) as slow, sum(sum_us)::bigint as sum_us
	from placed
	group by point, kind, key
)
select s.*, coalesce(l.level, 0)::bigint as level, coalesce(l.most, 0)::bigint as most, b.buckets
from sums s left join levels l using (point, kind, key) left join buckets b using (point, kind, key)
order by s.point, s.kind, s.key
