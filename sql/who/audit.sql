insert into audit_log (org_id, id, actor_kind, actor_id, action, entity, entity_id, before, after, address, agent, request_id)
values ($1::uuid, $2::uuid, $3, $4, $5, $6, $7, $8::jsonb, $9::jsonb, $10::inet, $11, $12)
