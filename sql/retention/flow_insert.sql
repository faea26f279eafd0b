with made as (
	insert into flow (org_id, id, name, language, segment, plan, region, ranking_score, cancel_at)
	values ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text, $8::int, $9::text)
	returning org_id, id, version
)
insert into flow_version (org_id, flow_id, version, steps, created_by)
select org_id, id, version, $10::jsonb, $11::uuid
from made
