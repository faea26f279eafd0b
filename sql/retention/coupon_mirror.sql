-- Just before the second in which Stripe made it, so that whatever Stripe says of it is newer.
insert into coupon (org_id, live, ref, name, percent_off, amount_minor, currency, duration, months, as_of)
values ($1::uuid, $2::boolean, $3::text, $4::text, $5::numeric, $6::bigint, $7::text, $8::text, $9::int,
	to_timestamp($10::bigint) - interval '1 us')
on conflict do nothing
