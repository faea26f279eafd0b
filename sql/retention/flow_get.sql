select f.id, d.document ->> 'name' as name, f.status,
	case when f.status = 'active' and f.active_from > now() then 'scheduled'
		when f.status = 'active' and f.active_until <= now() then 'ended' else f.status end as state,
	f.version, d.revision, d.revision > d.published as changed, f.active_from, f.active_until, f.languages, f.created_at, f.published_at,
	d.changed_at, coalesce(nullif(a.name, ''), a.email) as changed_by, d.document as draft, d.review
from flow f
join flow_draft d on d.org_id = f.org_id and d.flow_id = f.id
left join account a on a.id = d.changed_by
where f.org_id = $1::uuid and f.id = $2::uuid
