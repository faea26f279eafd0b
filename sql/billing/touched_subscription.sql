-- The subscriptions for which something follows from these rows ($4) of a table ($3).
select s.ref, s.customer_ref from subscription s
where $3::text = 'price' and s.org_id = $1::uuid and s.live = $2::boolean and s.price_ref = any ($4::text[])
union
select s.ref, s.customer_ref from subscription s
where $3::text = 'product' and s.org_id = $1::uuid and s.live = $2::boolean and s.product_ref = any ($4::text[])
union
select s.ref, s.customer_ref from schedule_plan c
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.ref = c.subscription_ref
where $3::text = 'schedule' and c.org_id = $1::uuid and c.live = $2::boolean and c.ref = any ($4::text[])
union
select s.ref, s.customer_ref from discount d
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.ref = d.subscription_ref
where $3::text = 'discount' and d.org_id = $1::uuid and d.live = $2::boolean and d.ref = any ($4::text[])
union
select s.ref, s.customer_ref from discount d
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.customer_ref = d.customer_ref
where $3::text = 'discount' and d.org_id = $1::uuid and d.live = $2::boolean and d.ref = any ($4::text[]) and d.subscription_ref is null
union
select s.ref, s.customer_ref from discount d
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.ref = d.subscription_ref
where $3::text = 'coupon' and d.org_id = $1::uuid and d.live = $2::boolean and d.coupon_ref = any ($4::text[])
union
select s.ref, s.customer_ref from discount d
join subscription s on s.org_id = $1::uuid and s.live = $2::boolean and s.customer_ref = d.customer_ref
where $3::text = 'coupon' and d.org_id = $1::uuid and d.live = $2::boolean and d.coupon_ref = any ($4::text[]) and d.subscription_ref is null
