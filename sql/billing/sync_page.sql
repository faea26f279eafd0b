-- A page of a phase ($3) was read: $4 the cursor for the next one, $5 how many it had, null: the key may not read them. $6: the phase
-- that goes on; $7: that was all.
update stripe_sync
set phase = $6::smallint, cursor = $4::text,
	counts = counts || jsonb_build_object($3::text, case when $5::int is null then null else coalesce((counts->>$3::text)::int, 0) + $5::int end),
	import_ended_at = case when $7::boolean then now() end,
	events_through = case when $7::boolean then coalesce(events_through, import_began_at) else events_through end
where org_id = $1::uuid and live = $2::boolean
