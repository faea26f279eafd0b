insert into report (org_id, id, live, from_day, to_day, customers, totals, sessions, days)
values ($1::uuid, $2::uuid, $3::boolean, $4::date, $5::date, $6::boolean, $7::jsonb, $8, $9)
