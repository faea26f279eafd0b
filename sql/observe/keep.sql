-- A sample of this minute. $1 node, $2 epoch, $3 what was counted so far, $4 rows of what came since.
with node as (
	update observe_node set sampled_at = now(), epoch = $2, counted = $3::jsonb where node = $1
)
insert into observe_sample (step, at, kind, key, node, class, count, refused, failed, slow, sum_us, level, most, buckets)
select 60, date_trunc('minute', now()), kind, key, $1, class, count, refused, failed, slow, sum_us, level, most, buckets
from jsonb_to_recordset($4::jsonb) t (kind text, key text, class text, count bigint, refused bigint, failed bigint, slow double precision, sum_us bigint,
	level bigint, most bigint, buckets integer[])
