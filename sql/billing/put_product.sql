-- Products as Stripe knows them.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, name text, active boolean, deleted boolean)
	order by r.ref
), kept as (
	insert into product (org_id, live, ref, name, active, deleted, as_of, print)
	select $1::uuid, $2::boolean, g.ref, g.name, g.active, g.deleted, timestamptz 'epoch' + $3::bigint * interval '1 us', g.print
	from given g
	on conflict (org_id, live, ref) do update set
		name = excluded.name,
		active = excluded.active,
		deleted = excluded.deleted,
		as_of = greatest(product.as_of, excluded.as_of),
		print = excluded.print
	where $5::text = product.xmin::text or (excluded.deleted, excluded.as_of) > (product.deleted, product.as_of)
		or ($5::text = 'print' and (excluded.deleted, excluded.as_of) = (product.deleted, product.as_of) and excluded.print > product.print)
	returning ref
)
select g.ref, k.ref is not null and old.print is distinct from g.print as put, old.xmin::text as version,
	k.ref is null and old.print <> g.print and (old.deleted, old.as_of) = (g.deleted, timestamptz 'epoch' + $3::bigint * interval '1 us') as tie
from given g
left join kept k on k.ref = g.ref
left join product old on old.org_id = $1::uuid and old.live = $2::boolean and old.ref = g.ref
