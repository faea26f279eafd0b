-- An attempt that paid nothing. $4: what Stripe said, $5: no attempt follows.
update outreach_case
set retries = retries + 1, retry_key = null, retry_at = null, decline = left($4::text, 200), final = $5::boolean
where org_id = $1::uuid and live = $2::boolean and invoice_ref = $3::text and state = 'open'
