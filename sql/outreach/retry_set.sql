-- $4: when the next attempt of ours is made; null: that is for the next run to say.
update outreach_case
set retry_at = to_timestamp($4::bigint), retry_key = null
where org_id = $1::uuid and live = $2::boolean and invoice_ref = $3::text and state = 'open'
