-- Takes away the sums of $4 days from $3 on.
with days as (delete from measure_day where org_id = $1::uuid and live = $2::boolean and day >= $3::date and day < $3::date + $4::int),
steps as (delete from measure_step where org_id = $1::uuid and live = $2::boolean and day >= $3::date and day < $3::date + $4::int),
reasons as (delete from measure_reason where org_id = $1::uuid and live = $2::boolean and day >= $3::date and day < $3::date + $4::int)
delete from measure_gone where org_id = $1::uuid and live = $2::boolean and day >= $3::date and day < $3::date + $4::int
