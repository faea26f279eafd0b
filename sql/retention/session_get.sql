-- $4: may see who it is.
select id, case when $4::boolean then customer_ref end as customer_ref, case when $4::boolean then subscription_ref end as subscription_ref, plan, region, language, segment, value_minor, currency, flow_id, flow_version, started_at
from retention_session
where org_id = $1::uuid and live = $2::boolean and id = $3::uuid
