-- What figures can be asked by: each flow, and each segment, plan, language and currency ($2 live) that there have been sessions of, at most 60
-- of a kind. One look into the key for each, whatever the number of days.
with recursive seen (dimension, value, number) as (
	select k.dimension, (select min(d.value) from measure_day d where d.org_id = $1::uuid and d.live = $2::boolean and d.dimension = k.dimension), 1
	from (values ('segment'), ('plan'), ('language')) k (dimension)
	union all
	select s.dimension, (select min(d.value) from measure_day d
		where d.org_id = $1::uuid and d.live = $2::boolean and d.dimension = s.dimension and d.value > s.value), s.number + 1
	from seen s
	where s.value is not null and s.number < 60
)
select dimension, value, value as label
from seen
where value is not null
union all
select 'flow', id::text, name
from flow
where org_id = $1::uuid
union all
select 'currency', c.currency, upper(c.currency)
from (
	select distinct currency from measure_day
	where org_id = $1::uuid and live = $2::boolean and dimension = 'all' and value = '' and currency <> ''
) c
order by dimension, label
