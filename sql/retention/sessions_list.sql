-- $5: may see who it is. Ids are ordered by time, so the primary key gives the newest first.
select id, case when $5::boolean then customer_ref end as customer_ref, case when $5::boolean then subscription_ref end as subscription_ref, plan, region, language, segment, value_minor, currency, flow_id, started_at
from retention_session
where org_id = $1::uuid and live = $2::boolean and id < $3::uuid
order by id desc
limit $4::int
