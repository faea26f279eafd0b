-- $4: the form, $5: now.
update outreach_offer
set form = $4::text, form_at = $5::timestamptz
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid and state = 'pending'
