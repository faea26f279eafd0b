-- $3: of this status only, or null.
select f.id, d.document ->> 'name' as name, f.status,
	case when f.status = 'active' and f.active_from > now() then 'scheduled'
		when f.status = 'active' and f.active_until <= now() then 'ended' else f.status end as state,
	f.language, f.languages, f.segment, f.plan, f.region, f.ranking_score, f.cancel_at, f.version, d.revision,
	d.revision > d.published as changed, jsonb_array_length(d.review -> 'errors') as errors,
	jsonb_array_length(d.review -> 'warnings') as warnings, f.active_from, f.active_until, f.published_at, d.changed_at
from flow f
join flow_draft d on d.org_id = f.org_id and d.flow_id = f.id
where f.org_id = $1::uuid and f.id < $2::uuid and ($3::text is null or f.status = $3)
order by f.id desc
limit $4::int
