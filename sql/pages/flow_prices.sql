-- Prices to choose from; live ones first.
select p.ref as value, concat_ws(' · ', coalesce(nullif(d.name, ''), p.nickname), p.amount_minor::text || ' ' || p.currency, p.period,
	case when not p.live then 'test' end) as label
from price p
left join product d on d.org_id = p.org_id and d.live = p.live and d.ref = p.product_ref
where p.org_id = $1::uuid and p.active and not p.deleted
order by p.live desc, p.ref
limit $2::int
