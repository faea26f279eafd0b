select ref as cursor, ref, name, percent_off, amount_minor, currency, duration, months, redeem_by, redemptions, redemptions_max, valid
from coupon
where org_id = $1::uuid and live = $2::boolean and ref > $3::text and not deleted
order by ref
limit $4::int
