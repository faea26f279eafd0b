-- $2: the last of the page before; $3: of this status only, or null, which leaves the archive out.
select f.id, d.document ->> 'name' as name, f.status,
	case when f.status = 'active' and f.active_from > now() then 'scheduled'
		when f.status = 'active' and f.active_until <= now() then 'ended' else f.status end as state,
	coalesce(nullif(array_to_string(f.languages, ', '), ''), f.language) as languages, d.document ->> 'segment' as segment,
	d.document ->> 'plan' as plan, d.document ->> 'region' as region, coalesce(d.document ->> 'rankingScore', '50') as rank, f.version,
	d.revision, d.revision > d.published as changed, jsonb_array_length(d.review -> 'errors') > 0 as wrong, f.active_from, f.active_until,
	(select coalesce(sum(m.sessions), 0) from measure_day m where m.org_id = f.org_id and m.live and m.dimension = 'flow'
		and m.value = f.id::text and m.day > (now() at time zone 'UTC')::date - 30) as sessions
from flow f
join flow_draft d on d.org_id = f.org_id and d.flow_id = f.id
where f.org_id = $1::uuid and f.id < $2::uuid and (f.status = $3::text or $3 is null and f.status <> 'archived')
order by f.id desc
limit $4::int
