select org_id from organisation where $1::uuid is null or org_id = $1::uuid order by org_id
