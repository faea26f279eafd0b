-- Sums over machines, by time and key. $1 kind, $2 its key; or no key: all keys of the kind, or of all kinds, if that is null; $3 seconds back from now,
-- $4 seconds of a point (0: one point), which is made of minutes, hours or days as it is long.
-- "offset 0": each piece by its index; the planner takes them for a large part of the table.
with rows as (
	select s.* from observe_pieces($3::bigint, case when $4::bigint between 1 and 3599 then 60 when $4::bigint between 1 and 86399 then 3600 else 86400 end) p,
		observe_sample s
	where s.kind = $1::text and s.key = $2::text and s.step = p.step and s.at >= p.begins and s.at < p.ends
	union all
	select s.* from observe_pieces($3::bigint, case when $4::bigint between 1 and 3599 then 60 when $4::bigint between 1 and 86399 then 3600 else 86400 end) p,
		lateral (select * from observe_sample where step = p.step and at >= p.begins and at < p.ends offset 0) s
	where $2::text is null and ($1::text is null or s.kind = $1::text)
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
