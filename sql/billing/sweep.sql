-- A batch of what has been kept for long enough ($1 days): the words of events that were dealt with, a month later also of those that nobody
-- did, and the events themselves.
with words as (
	update stripe_event e
	set payload = null
	from (
		select org_id, live, id from stripe_event
		where received_at < now() - $1::int * interval '1 day' and payload is not null
			and (state <> 'waiting' or received_at < now() - ($1::int + 30) * interval '1 day')
		order by received_at
		limit $2::int
	) old
	where e.org_id = old.org_id and e.live = old.live and e.id = old.id
	returning 1
), gone as (
	delete from stripe_event e
	using (
		select org_id, live, id from stripe_event
		where received_at < now() - ($1::int + 30) * interval '1 day' and payload is null
		order by received_at
		limit $2::int
	) old
	where e.org_id = old.org_id and e.live = old.live and e.id = old.id
	returning 1
)
select greatest((select count(*) from words), (select count(*) from gone)) as most
