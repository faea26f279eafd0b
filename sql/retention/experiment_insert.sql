insert into experiment (org_id, id, name, hypothesis, flow_id, condition, basis, minimum_effect)
values ($1::uuid, $2::uuid, $3::text, $4::text, $5::uuid, $6::jsonb, $7::text, $8::smallint)
