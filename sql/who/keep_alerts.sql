-- $1 days unless the organisation says otherwise, $2 rows.
delete from alert a
using (
	select d.org_id, d.live, d.id
	from organisation o
	left join keep_period p on p.org_id = o.org_id and p.name = 'alerts'
	cross join lateral (
		select org_id, live, id
		from alert
		where org_id = o.org_id and created_at < now() - make_interval(days => coalesce(p.days, $1::int))
		order by created_at
		limit $2::int) d
	limit $2::int) old
where a.org_id = old.org_id and a.live = old.live and a.id = old.id
