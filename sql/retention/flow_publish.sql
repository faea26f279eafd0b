-- The next version, of the draft held by flow_hold.sql. $3: languages, the first is its own; $4: by whom; $5: customers see it at once.
with published as (
	update flow_draft
	set published = revision, review = $6::jsonb
	where org_id = $1::uuid and flow_id = $2::uuid
	returning document
), changed as (
	update flow f
	set name = p.document ->> 'name', language = ($3::text[])[1], languages = $3, segment = p.document ->> 'segment',
		segment_id = (p.document ->> 'segmentId')::uuid,
		plan = p.document ->> 'plan', region = p.document ->> 'region',
		ranking_score = coalesce((p.document ->> 'rankingScore')::int, 50), cancel_at = coalesce(p.document ->> 'cancelAt', 'host'),
		version = f.version + 1, published_at = now(), updated_at = now(),
		status = case when $5::boolean or f.status = 'active' then 'active' else 'inactive' end,
		active_from = case when not $5 then f.active_from end, active_until = case when not $5 then f.active_until end
	from published p
	where f.org_id = $1 and f.id = $2
	returning f.version, p.document
)
insert into flow_version (org_id, flow_id, version, steps, settings, created_by)
select $1, $2, version, document -> 'steps', document - 'steps', $4::uuid
from changed
returning version
