delete from mail
where finished_at < now() - interval '30 days'
