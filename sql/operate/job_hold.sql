-- $1 organisation, or null for whichever; $2 id.
select kind, state from job where id = $2::uuid and ($1::uuid is null or org_id = $1::uuid) for update
