-- Disputes. One that is closed stays so.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, charge_ref text, payment_ref text, amount_minor bigint, status text)
	order by r.ref
), kept as (
	insert into dispute (org_id, live, ref, charge_ref, payment_ref, amount_minor, status, as_of, print)
	select $1::uuid, $2::boolean, g.ref, g.charge_ref, g.payment_ref, g.amount_minor, g.status, timestamptz 'epoch' + $3::bigint * interval '1 us', g.print
	from given g
	on conflict (org_id, live, ref) do update set
		charge_ref = excluded.charge_ref,
		payment_ref = excluded.payment_ref,
		amount_minor = excluded.amount_minor,
		status = excluded.status,
		as_of = greatest(dispute.as_of, excluded.as_of),
		print = excluded.print
	where $5::text = dispute.xmin::text or (excluded.status in ('won', 'lost', 'warning_closed'), excluded.as_of) > (dispute.status in ('won', 'lost', 'warning_closed'), dispute.as_of)
		or ($5::text = 'print' and (excluded.status in ('won', 'lost', 'warning_closed'), excluded.as_of) = (dispute.status in ('won', 'lost', 'warning_closed'), dispute.as_of) and excluded.print > dispute.print)
	returning ref
)
select g.ref, k.ref is not null and old.print is distinct from g.print as put, old.xmin::text as version,
	k.ref is null and old.print <> g.print and (old.status in ('won', 'lost', 'warning_closed'), old.as_of) = (g.status in ('won', 'lost', 'warning_closed'), timestamptz 'epoch' + $3::bigint * interval '1 us') as tie
from given g
left join kept k on k.ref = g.ref
left join dispute old on old.org_id = $1::uuid and old.live = $2::boolean and old.ref = g.ref
