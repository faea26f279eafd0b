with resumed as (delete from job_pause where name = $1 returning name)
select name, pg_notify('stoa_job', '')::text from resumed
