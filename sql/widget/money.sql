-- What Stripe says of prices and coupons that steps name. A coupon of per cent has no currency.
select ref, currency, amount_minor
from price
where org_id = $1::uuid and live = $2::boolean and ref = any($3::text[]) and not deleted
union all
select ref, currency, amount_minor
from coupon
where org_id = $1::uuid and live = $2::boolean and ref = any($3::text[]) and not deleted and amount_minor is not null and currency is not null
