-- A repeated attempt finds its row.
insert into mail (org_id, id, kind, transactional, live, address, content)
values ($1::uuid, $2::uuid, $3, $4::boolean, $5::boolean, $6, $7::bytea)
on conflict (org_id, id) do nothing
