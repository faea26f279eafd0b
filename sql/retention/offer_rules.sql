-- A row for each rule of the organisation's own, at least one: how offers are ordered stands in each.
select r.offer_type, r.enabled, r.accepted_most, r.period_days, r.cooldown_days, r.discounted, p.policy, p.floor
from (values (1)) one
left join offer_policy p on p.org_id = $1::uuid
left join offer_rule r on r.org_id = $1::uuid
