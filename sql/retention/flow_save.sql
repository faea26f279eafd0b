-- The draft, held by flow_hold.sql. What is the same makes no revision; a flow that was never published goes by its draft's name.
with named as (
	update flow
	set name = $3::text, language = $4::text
	where org_id = $1::uuid and id = $2::uuid and version = 0
)
update flow_draft
set document = $5::jsonb, review = $6::jsonb, changed_by = $7::uuid, changed_at = now(), revision = revision + 1
where org_id = $1 and flow_id = $2 and document is distinct from $5
