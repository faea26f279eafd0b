insert into worker (name, host, pid, threads)
values ($1, $2, $3::int, $4::int)
on conflict (name) do update set seen_at = now(), host = excluded.host, pid = excluded.pid, threads = excluded.threads
