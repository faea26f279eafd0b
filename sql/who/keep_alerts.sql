-- $1 days unless the organisation says otherwise, $2 rows.
delete from alert a
using (
	select a.org_id, a.live, a.id
	from alert a
	left join keep_period p on p.org_id = a.org_id and p.name = 'alerts'
	where a.created_at < now() - interval '30 days' and a.created_at < now() - make_interval(days => coalesce(p.days, $1::int))
	limit $2::int) old
where a.org_id = old.org_id and a.live = old.live and a.id = old.id
