-- A flow with its draft, never published. $4: its language's two letters.
with made as (
	insert into flow (org_id, id, name, language, version)
	values ($1::uuid, $2::uuid, $3::text, $4::text, 0)
	returning org_id, id
)
insert into flow_draft (org_id, flow_id, document, review, changed_by)
select org_id, id, $5::jsonb, $6::jsonb, $7::uuid
from made
