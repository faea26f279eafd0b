-- What was counted before, locked until this sample is written. No row: this machine has been sampled in this minute, or is just being.
-- $1 node, $2 epoch.
with made as (
	insert into observe_node (node, sampled_at, epoch, counted) values ($1, 'epoch', $2, '{}') on conflict do nothing
	returning node, epoch, counted
), held as (
	select node, epoch, counted from observe_node where node = $1 and sampled_at < date_trunc('minute', now()) for update skip locked
)
select counted, epoch = $2 as continued, true as first from made
union all
select counted, epoch = $2, false from held
