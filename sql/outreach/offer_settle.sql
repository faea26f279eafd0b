-- $4: applied or manual, $5: why manual, $6: now.
update outreach_offer
set state = $4::text, reason = left($5::text, 500), settled_at = $6::timestamptz
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and state = 'pending'
returning customer_id, subscription_ref, percent, months, month_minor, currency
