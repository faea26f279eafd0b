-- $1 id, $2 attempt, $3 percent, $4 note. A row that the handler itself has fenced is left out: it would wait for itself.
update job
set progress = $3::int, progress_note = $4
where id = (select id from job where id = $1::uuid and attempt = $2::int and state = 'running' for update skip locked)
returning cancel_at is not null as cancelled
