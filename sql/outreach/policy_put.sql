insert into outreach_setting (org_id, sender_name, reply_to, time_zone, quiet_from, quiet_until, customer_cap, organisation_cap, return_url)
values ($1::uuid, $2::text, $3::text, $4::text, $5::smallint, $6::smallint, $7::smallint, $8::int, $9::text)
on conflict (org_id) do update set sender_name = excluded.sender_name, reply_to = excluded.reply_to, time_zone = excluded.time_zone,
	quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until, customer_cap = excluded.customer_cap,
	organisation_cap = excluded.organisation_cap, return_url = excluded.return_url, updated_at = now()
