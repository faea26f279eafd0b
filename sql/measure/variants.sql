-- Sessions of each variant of an experiment ($3) that are not open any more.
select variant, count(*) as sessions, count(*) filter (where raw in ('declined', 'cancelled')) as cancels,
	count(*) filter (where verdict in ('saved', 'deflected', 'lost')) as judged, count(*) filter (where verdict = 'lost') as lost
from session_outcome
where org_id = $1::uuid and live = $2::boolean and experiment_id = $3::uuid and raw is not null and variant is not null
group by variant
order by variant
