-- The first hour that has ended and is not there yet, from its minutes; or day, from its hours, when all of them are there. $1 seconds of what it is made
-- of, $2 of what is made. A sample may be committed some seconds after its minute.
with unit as (
	select date_bin(make_interval(secs => $2::int), min(at), 'epoch') as begins, date_bin(make_interval(secs => $2::int), min(at), 'epoch') + make_interval(secs => $2::int) as ends
	from observe_sample
	where step = $1::int and at >= (select coalesce(max(at) + make_interval(secs => $2::int), '-infinity') from observe_sample where step = $2::int)
), parts as (
	select u.begins, s.*
	from unit u, observe_sample s
	where s.step = $1::int and s.at >= u.begins and s.at < u.ends and u.ends <= now() - interval '1 minute'
		and ($1::int = 60 or not exists (select from observe_sample m where m.step = 60 and m.at < u.ends
			and m.at >= (select max(at) + interval '1 hour' from observe_sample where step = 3600)))
), buckets as (
	select kind, key, node, array_agg(part order by bucket, place) as buckets
	from (
		select kind, key, node, bucket, sum(observed)::int as observed
		from parts, lateral (select buckets[2 * i - 1] as bucket, buckets[2 * i] as observed from generate_series(1, cardinality(buckets) / 2) i) b
		group by kind, key, node, bucket
	) t, lateral (values (1, bucket), (2, observed)) p (place, part)
	group by kind, key, node
)
insert into observe_sample (step, at, kind, key, node, class, count, refused, failed, slow, sum_us, level, most, buckets)
select $2::int, begins, kind, key, node, max(class), sum(count), sum(refused), sum(failed), sum(slow), sum(sum_us), max(level), max(most),
	coalesce(max(b.buckets), '{}')
from parts left join buckets b using (kind, key, node)
group by begins, kind, key, node
on conflict do nothing
