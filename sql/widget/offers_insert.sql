insert into offer_event (org_id, live, session_id, step, offer_type, answer, shown_ms)
select $1::uuid, $2::boolean, $3::uuid, step, offer_type, answer, shown_ms
from unnest($4::int[], $5::text[], $6::text[], $7::int[]) as shown (step, offer_type, answer, shown_ms)
