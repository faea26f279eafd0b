update outreach_case
set retry_at = to_timestamp($4::bigint)
where org_id = $1::uuid and live = $2::boolean and invoice_ref = $3::text and state = 'open'
