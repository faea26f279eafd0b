delete from experiment
where org_id = $1::uuid and id = $2::uuid and status = 'draft'
returning name
