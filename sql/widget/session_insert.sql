insert into retention_session (
	org_id, live, id, key_id, customer_ref, subscription_ref, email, plan, region, language, segment, value_minor,
	currency, signed, flow_id, flow_version, step_order, policy, attempts, tenure_days, attributes, experiment_id, variant, cancel_now)
values (
	$1::uuid, $2::boolean, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::text, $9::text, $10::text, $11::text,
	$12::bigint, $13::text, $14::boolean, $15::uuid, $16::int, $17::text, $18::text, $19::smallint, $20::int, $21::jsonb,
	$22::uuid, $23::smallint, $24::boolean)
on conflict do nothing
