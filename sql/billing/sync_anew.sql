-- The object behind which a phase ($3) would go on is no more: it begins anew.
update stripe_sync
set cursor = null, counts = counts - $3::text
where org_id = $1::uuid and live = $2::boolean
