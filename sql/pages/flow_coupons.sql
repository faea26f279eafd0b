-- Coupons to choose from; live ones first.
select c.ref as value, concat_ws(' · ', nullif(c.name, ''), trim_scale(c.percent_off)::text || ' %', c.duration, case when not c.live then 'test' end) as label
from coupon c
where c.org_id = $1::uuid and c.valid and not c.deleted
order by c.live desc, c.ref
limit $2::int
