-- Hours that have ended, from their minutes.
with hours as (
	select date_trunc('hour', at) as hour, s.*
	from observe_sample s
	where step = 60 and at < date_trunc('hour', now())
		and at >= (select coalesce(max(at) + interval '1 hour', '-infinity') from observe_sample where step = 3600)
), buckets as (
	select hour, kind, key, node, array_agg(part order by bucket, place) as buckets
	from (
		select hour, kind, key, node, bucket, sum(observed)::integer as observed
		from hours, lateral (select buckets[2 * i - 1] as bucket, buckets[2 * i] as observed from generate_series(1, cardinality(buckets) / 2) i) b
		group by hour, kind, key, node, bucket
	) t, lateral (values (1, bucket), (2, observed)) p (place, part)
	group by hour, kind, key, node
)
insert into observe_sample (step, at, kind, key, node, class, count, refused, failed, slow, sum_us, level, most, buckets)
select 3600, hour, kind, key, node, max(class), sum(count), sum(refused), sum(failed), sum(slow), sum(sum_us), max(level), max(most),
	coalesce(max(b.buckets), '{}')
from hours left join buckets b using (hour, kind, key, node)
group by hour, kind, key, node
on conflict do nothing
