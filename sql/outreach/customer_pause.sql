update customer
set outreach_paused_at = case when $4::boolean then coalesce(outreach_paused_at, now()) end
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and deleted_at is null
returning id
