-- $3 refs, $4 attempts, $5 risks, $6 what they are made of.
update customer c
set attempts = r.attempts, churn_risk = r.risk, churn_risk_why = r.why, churn_risk_at = now()
from unnest($3::text[], $4::int[], $5::smallint[], $6::jsonb[]) r (ref, attempts, risk, why)
where c.org_id = $1::uuid and c.live = $2::boolean and c.ref = r.ref and (c.attempts, c.churn_risk, c.churn_risk_why) is distinct from (r.attempts, r.risk, r.why)
