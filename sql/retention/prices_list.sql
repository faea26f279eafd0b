select p.ref as cursor, p.ref, p.nickname, d.name as product, p.amount_minor, p.currency, p.period, p.period_count, p.active
from price p
left join product d on d.org_id = p.org_id and d.live = p.live and d.ref = p.product_ref
where p.org_id = $1::uuid and p.live = $2::boolean and p.ref > $3::text and not p.deleted
order by p.ref
limit $4::int
