-- Notes at most $1 sessions whose hour has passed without a decision ($2 seconds), and as many whose verdict has come due.
insert into measure_dirty (org_id, live, kind, ref)
(select org_id, live, 'session', session_id::text from session_outcome
	where raw is null and started_at < now() - make_interval(secs => $2::int) order by started_at limit $1::int)
union all
(select org_id, live, 'session', session_id::text from session_outcome where verdict = 'waiting' and due_at <= now() order by due_at limit $1::int)
returning seq
