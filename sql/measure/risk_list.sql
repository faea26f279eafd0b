-- Customers by churn risk, the highest first. $3 live's cursor "risk id" or null, $4 rows, $5 may they see who it is, $6 to $9 the documented first
-- offers of the segments trial, low, medium, high: taken where a segment has accepted nothing in 90 days.
with best as (
	select distinct on (value) value as segment, step_type, round(100.0 * sum(accepted) / nullif(sum(shown), 0), 1) as acceptance
	from measure_step
	where org_id = $1::uuid and live = $2::boolean and dimension = 'segment' and value in ('trial', 'low', 'medium', 'high')
		and day > (now() at time zone 'UTC')::date - 90 and step_type in ('discount', 'pause', 'downgrade', 'extension', 'support')
	group by value, step_type
	having sum(accepted) > 0
	order by value, sum(accepted)::numeric / nullif(sum(shown), 0) desc, sum(shown) desc, step_type
), risky as (
	select c.*, case when c.value_minor < 100 then 'trial' when c.value_minor < 2000 then 'low' when c.value_minor < 10000 then 'medium' else 'high' end as segment
	from customer c
	where c.org_id = $1::uuid and c.live = $2::boolean and c.churn_risk is not null and c.deleted_at is null and c.erased_at is null
		and ($3::text is null or (c.churn_risk, c.id) < (split_part($3::text, ' ', 1)::smallint, split_part($3::text, ' ', 2)::uuid))
	order by c.churn_risk desc, c.id desc
	limit $4::int
)
select r.churn_risk || ' ' || r.id as cursor, r.id::text as customer, case when $5::boolean then r.ref end as ref, case when $5::boolean then r.email end as email,
	r.plan, r.segment, r.value_minor, r.currency, r.attempts, r.last_attempt_at, r.churn_risk as risk, r.churn_risk_why as why,
	coalesce(b.step_type, case r.segment when 'trial' then $6::text when 'low' then $7::text when 'medium' then $8::text else $9::text end) as best_offer,
	b.acceptance as best_offer_acceptance
from risky r
left join best b on b.segment = r.segment
order by r.churn_risk desc, r.id desc
