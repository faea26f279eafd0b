-- Coupons as Stripe knows them. Redemptions only grow, and change without an event; nothing follows from them for subscriptions, so `put`
-- is only what does.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, name text, percent_off numeric, amount_minor bigint, currency text, duration text, months int, redeem_by bigint, redemptions int, redemptions_max int, valid boolean, deleted boolean)
	order by r.ref
), kept as (
	insert into coupon (org_id, live, ref, name, percent_off, amount_minor, currency, duration, months, redeem_by, redemptions, redemptions_max, valid, deleted, as_of, print)
	select $1::uuid, $2::boolean, g.ref, g.name, g.percent_off, g.amount_minor, g.currency, g.duration, g.months, to_timestamp(g.redeem_by), g.redemptions, g.redemptions_max, g.valid, g.deleted, timestamptz 'epoch' + $3::bigint * interval '1 us', g.print
	from given g
	on conflict (org_id, live, ref) do update set
		name = excluded.name,
		percent_off = excluded.percent_off,
		amount_minor = excluded.amount_minor,
		currency = excluded.currency,
		duration = excluded.duration,
		months = excluded.months,
		redeem_by = excluded.redeem_by,
		redemptions = excluded.redemptions,
		redemptions_max = excluded.redemptions_max,
		valid = excluded.valid,
		deleted = excluded.deleted,
		as_of = greatest(coupon.as_of, excluded.as_of),
		print = excluded.print
	where $5::text = coupon.xmin::text or (excluded.deleted, excluded.as_of, excluded.redemptions) > (coupon.deleted, coupon.as_of, coupon.redemptions)
		or ($5::text = 'print' and (excluded.deleted, excluded.as_of, excluded.redemptions) = (coupon.deleted, coupon.as_of, coupon.redemptions) and excluded.print > coupon.print)
	returning ref
)
select g.ref, k.ref is not null
		and (old.percent_off, old.amount_minor, old.currency) is distinct from (g.percent_off, g.amount_minor, g.currency) as put, old.xmin::text as version,
	k.ref is null and old.print <> g.print and (old.deleted, old.as_of, old.redemptions) = (g.deleted, timestamptz 'epoch' + $3::bigint * interval '1 us', g.redemptions) as tie
from given g
left join kept k on k.ref = g.ref
left join coupon old on old.org_id = $1::uuid and old.live = $2::boolean and old.ref = g.ref
