-- $1 days unless the organisation says otherwise, $2 rows.
with old as (
	select d.org_id, d.live, d.session_id
	from organisation o
	left join keep_period p on p.org_id = o.org_id and p.name = 'words'
	cross join (values (true), (false)) m (live)
	cross join lateral (
		select org_id, live, session_id
		from decision
		where org_id = o.org_id and live = m.live and decided_at < now() - make_interval(days => coalesce(p.days, $1::int))
			and (reason_text is not null or feedback is not null)
		limit $2::int) d
	limit $2::int
)
update decision d
set reason_text = null, feedback = null
from old
where d.org_id = old.org_id and d.live = old.live and d.session_id = old.session_id
