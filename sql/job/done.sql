-- Again with the same attempt it changes nothing new: an answer that was lost can be asked for again.
update job
set state = 'done', finished_at = coalesce(finished_at, now()), leased_until = null
where id = $1::uuid and attempt = $2::int and state in ('running', 'done')
