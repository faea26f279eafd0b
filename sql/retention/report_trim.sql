-- All but the newest $2 reports of the organisation.
delete from report
where org_id = $1::uuid and id in (select id from report where org_id = $1::uuid order by id desc offset $2::int)
