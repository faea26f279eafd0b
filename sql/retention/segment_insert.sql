insert into segment (org_id, id, name, condition)
select $1::uuid, $2::uuid, $3::text, $4::jsonb
where (select count(*) from segment where org_id = $1::uuid) < $5::int
returning id
