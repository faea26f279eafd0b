-- All that a decision's application at Stripe needs.
select d.outcome, d.offer_type, d.choice, d.reason_code, coalesce(nullif(d.reason_text, ''), nullif(d.feedback, '')) as comment, d.status,
	d.value_minor, extract(epoch from d.decided_at)::bigint as decided_s, s.subscription_ref, v.steps -> d.step as step, c.key_sealed
from decision d
join retention_session s on s.org_id = d.org_id and s.live = d.live and s.id = d.session_id
join flow_version v on v.org_id = s.org_id and v.flow_id = s.flow_id and v.version = s.flow_version
left join stripe_connection c on c.org_id = d.org_id and c.live = d.live
where d.org_id = $1::uuid and d.live = $2::boolean and d.session_id = $3::uuid
