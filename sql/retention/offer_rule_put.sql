insert into offer_rule (org_id, offer_type, enabled, accepted_most, period_days, cooldown_days, discounted)
values ($1::uuid, $2::text, $3::boolean, $4::int, $5::int, $6::int, $7::boolean)
on conflict (org_id, offer_type) do update
set enabled = excluded.enabled, accepted_most = excluded.accepted_most, period_days = excluded.period_days,
	cooldown_days = excluded.cooldown_days, discounted = excluded.discounted, updated_at = now()
