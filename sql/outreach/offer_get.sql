-- $4: now.
select f.customer_id, f.subscription_ref, f.percent, f.months, f.month_minor, f.currency, f.state, f.reason, f.form,
	extract(epoch from $4::timestamptz - f.form_at)::bigint as form_age_s, extract(epoch from f.accepted_at)::bigint as accepted_s,
	f.expires_at < $4::timestamptz as expired, o.organisation, o.return_url, s.plan, c.key_sealed
from outreach_offer f
join outreach_policy o on o.org_id = f.org_id
left join subscription s on s.org_id = f.org_id and s.live = f.live and s.ref = f.subscription_ref
left join stripe_connection c on c.org_id = f.org_id and c.live = f.live
where f.org_id = $1::uuid and f.live = $2::boolean and f.id = $3::uuid
