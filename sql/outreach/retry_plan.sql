-- $4: the key, $5: now.
update outreach_case
set retry_key = $4::text, retry_sent_at = $5::timestamptz
where org_id = $1::uuid and live = $2::boolean and invoice_ref = $3::text and state = 'open'
