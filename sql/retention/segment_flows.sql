-- Flows that are for this segment, as published or as drafted.
select f.name
from flow f
left join flow_draft d on d.org_id = f.org_id and d.flow_id = f.id
where f.org_id = $1::uuid and (f.segment_id = $2::uuid or d.document ->> 'segmentId' = $2::text)
order by f.name
limit 1
