-- Of the coupons and prices that a flow names, those that Stripe does not have (any more) in a mode of which anything is mirrored. $2 to $5:
-- kind, ref, field and step of each.
select named.kind, named.ref, named.name, named.step, case when mode.live then 'live' else 'test' end as mode
from unnest($2::text[], $3::text[], $4::text[], $5::int[]) as named (kind, ref, name, step),
	(values (true), (false)) as mode (live)
where exists (select from price p where p.org_id = $1::uuid and p.live = mode.live)
	and case named.kind
		when 'coupon' then not exists (
			select from coupon c where c.org_id = $1 and c.live = mode.live and c.ref = named.ref and c.valid and not c.deleted)
		else not exists (
			select from price p where p.org_id = $1 and p.live = mode.live and p.ref = named.ref and p.active and not p.deleted)
		end
order by named.step, named.name, mode.live desc
