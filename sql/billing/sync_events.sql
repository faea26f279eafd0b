-- A page of events was read: $3 until when they are asked for (Unix time), $4 the cursor for the next page; null: that was all.
insert into stripe_sync (org_id, live, events_until, events_cursor, events_through, caught_up_at)
values ($1::uuid, $2::boolean, case when $4::text is not null then to_timestamp($3::bigint) end, $4::text,
	case when $4::text is null then to_timestamp($3::bigint) end, case when $4::text is null then now() end)
on conflict (org_id, live) do update set
	events_until = excluded.events_until,
	events_cursor = excluded.events_cursor,
	events_through = coalesce(excluded.events_through, stripe_sync.events_through),
	caught_up_at = coalesce(excluded.caught_up_at, stripe_sync.caught_up_at)
