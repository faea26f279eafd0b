-- With its draft, which goes by itself. Held by flow_hold.sql: never published.
delete from flow where org_id = $1::uuid and id = $2::uuid and version = 0
