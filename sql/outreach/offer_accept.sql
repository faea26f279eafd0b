-- $4: now. No row: it was taken before, or is over.
update outreach_offer
set state = 'pending', accepted_at = $4::timestamptz
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and state = 'offered' and expires_at >= $4::timestamptz
returning customer_id, subscription_ref, percent, months, month_minor, currency
