select f.id, f.version, f.language, array_to_string(case when cardinality(f.languages) > 0 then f.languages else array[f.language] end, ',') as languages,
	coalesce(f.segment, '') as segment, coalesce(f.plan, '') as plan, coalesce(f.region, '') as region,
	coalesce(s.condition::text, '') as condition, f.cancel_at, coalesce(f.offer_policy, '') as offer_policy,
	coalesce(extract(epoch from f.active_from)::bigint::text, '') as active_from,
	coalesce(extract(epoch from f.active_until)::bigint::text, '') as active_until
from flow f
left join segment s on s.org_id = f.org_id and s.id = f.segment_id
where f.org_id = $1::uuid and f.status = 'active' and (f.active_until is null or f.active_until > now())
order by f.ranking_score desc, f.id
limit 500
