-- Notes every session that started between $1 and $2 and has not been judged. The subquery is a look into an index for each, never a join
-- with all that there is.
insert into measure_dirty (org_id, live, kind, ref)
select s.org_id, s.live, 'session', s.id::text
from retention_session s
where s.started_at >= $1::timestamptz and s.started_at <= $2::timestamptz
	and (select true from session_outcome o where o.org_id = s.org_id and o.live = s.live and o.session_id = s.id) is null
