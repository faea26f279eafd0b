-- A new version, only on top of version $12.
with changed as (
	update flow
	set name = $3::text, language = $4::text, segment = $5::text, plan = $6::text, region = $7::text, ranking_score = $8::int,
		cancel_at = $9::text, version = version + 1, updated_at = now()
	where org_id = $1::uuid and id = $2::uuid and version = $12::int
	returning org_id, id, version
)
insert into flow_version (org_id, flow_id, version, steps, created_by)
select org_id, id, version, $10::jsonb, $11::uuid
from changed
returning version
