-- Subscription schedules. One that has ended stays so.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, subscription_ref text, status text)
	order by r.ref
), kept as (
	insert into schedule_plan (org_id, live, ref, subscription_ref, status, as_of, print)
	select $1::uuid, $2::boolean, g.ref, g.subscription_ref, g.status, timestamptz 'epoch' + $3::bigint * interval '1 us', g.print
	from given g
	on conflict (org_id, live, ref) do update set
		subscription_ref = excluded.subscription_ref,
		status = excluded.status,
		as_of = greatest(schedule_plan.as_of, excluded.as_of),
		print = excluded.print
	where $5::text = schedule_plan.xmin::text or (excluded.status in ('released', 'canceled', 'completed'), excluded.as_of) > (schedule_plan.status in ('released', 'canceled', 'completed'), schedule_plan.as_of)
		or ($5::text = 'print' and (excluded.status in ('released', 'canceled', 'completed'), excluded.as_of) = (schedule_plan.status in ('released', 'canceled', 'completed'), schedule_plan.as_of) and excluded.print > schedule_plan.print)
	returning ref
)
select g.ref, k.ref is not null and old.print is distinct from g.print as put, old.xmin::text as version,
	k.ref is null and old.print <> g.print and (old.status in ('released', 'canceled', 'completed'), old.as_of) = (g.status in ('released', 'canceled', 'completed'), timestamptz 'epoch' + $3::bigint * interval '1 us') as tie
from given g
left join kept k on k.ref = g.ref
left join schedule_plan old on old.org_id = $1::uuid and old.live = $2::boolean and old.ref = g.ref
