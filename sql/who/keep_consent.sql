-- $1 days unless the organisation says otherwise, $2 rows.
delete from consent_record c
using (
	select d.org_id, d.live, d.session_id
	from organisation o
	left join keep_period p on p.org_id = o.org_id and p.name = 'consent'
	cross join lateral (
		select org_id, live, session_id
		from consent_record
		where org_id = o.org_id and at < now() - make_interval(days => coalesce(p.days, $1::int))
		order by at
		limit $2::int) d
	limit $2::int) old
where c.org_id = old.org_id and c.live = old.live and c.session_id = old.session_id
