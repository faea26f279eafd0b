insert into organisation (org_id, name) values ($1::uuid, $2)
