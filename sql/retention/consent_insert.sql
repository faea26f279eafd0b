insert into consent_record (org_id, live, session_id, customer_hash, at, document, mac)
values ($1::uuid, $2::boolean, $3::uuid, $4::bytea, $5::timestamptz, $6::text, $7::bytea)
