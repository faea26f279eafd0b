select name, kind, queue, created_at from job_pause order by name
