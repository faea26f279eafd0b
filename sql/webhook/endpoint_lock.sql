-- Two at once cannot both be the last that is allowed.
select org_id from organisation where org_id = $1::uuid for no key update
