-- The next $4 sessions of an organisation and mode behind $3.
select array_agg($1::uuid)::text as orgs, array_agg($2::boolean)::text as modes, array_agg(id)::text as sessions, count(*) as count, max(id::text) as last
from (select id from retention_session where org_id = $1::uuid and live = $2::boolean and id > $3::uuid order by id limit $4::int) s
