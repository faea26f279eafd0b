-- Answers nothing when the event is known. $9: what it says, null when nobody asks.
insert into stripe_event (org_id, live, id, type, object_ref, api_version, created_at, source, payload, state, processed_at)
values ($1::uuid, $2::boolean, $3::text, $4::text, $5::text, $6::text, to_timestamp($7::bigint), $8::text, $9::jsonb,
	case when $9::text is null then 'ignored' else 'waiting' end, case when $9::text is null then now() end)
on conflict (org_id, live, id) do nothing
returning state
