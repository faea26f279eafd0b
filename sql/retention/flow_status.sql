-- $4 and $5: from and until when customers see it, or null.
update flow
set status = $3::text, active_from = $4::timestamptz, active_until = $5::timestamptz, updated_at = now()
where org_id = $1::uuid and id = $2::uuid
