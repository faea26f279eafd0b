-- Reports of everybody that are older than 7 days. A batch at a time.
delete from report
where (org_id, id) in (select org_id, id from report where created_at < now() - interval '7 days' order by created_at limit 1000)
