-- The variants of a draft, in the order of the array $3.
with wanted as (
	select (n - 1)::smallint as position, v ->> 'kind' as kind, v ->> 'name' as name, (v ->> 'flow')::uuid as flow_id, (v ->> 'weight')::int as weight
	from jsonb_array_elements($3::jsonb) with ordinality e (v, n)
), gone as (
	delete from experiment_variant
	where org_id = $1::uuid and experiment_id = $2::uuid and position >= jsonb_array_length($3::jsonb)
)
insert into experiment_variant (org_id, experiment_id, position, kind, name, flow_id, weight)
select $1::uuid, $2::uuid, position, kind, name, flow_id, weight
from wanted
on conflict (org_id, experiment_id, position) do update
set kind = excluded.kind, name = excluded.name, flow_id = excluded.flow_id, weight = excluded.weight
