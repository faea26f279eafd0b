-- Of two at once, each would keep the other's out of its count.
select org_id from organisation where org_id = $1::uuid for no key update
