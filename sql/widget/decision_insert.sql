-- Once a session: the primary key lets one of two win.
insert into decision (org_id, live, session_id, outcome, offer_type, step, choice, reason_code, reason_text, feedback, path,
	request_hash, status, status_reason, value_minor, saved_minor, currency, settled_at)
values ($1::uuid, $2::boolean, $3::uuid, $4::text, $5::text, $6::int, $7::int, $8::text, $9::text, $10::text, $11::jsonb,
	$12::bytea, $13::text, $14::text, $15::bigint, $16::bigint, $17::text, case when $13::text = 'pending' then null else now() end)
on conflict do nothing
returning session_id
