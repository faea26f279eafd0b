-- $1 days unless the organisation says otherwise, $2 rows. What a mail offered goes with it.
delete from outreach_mail a
using (
	select a.org_id, a.live, a.id
	from outreach_mail a
	left join keep_period p on p.org_id = a.org_id and p.name = 'outreach'
	where a.created_at < now() - interval '90 days' and a.created_at < now() - make_interval(days => coalesce(p.days, $1::int))
		and a.state not in ('planned', 'queued')
	limit $2::int) old
where a.org_id = old.org_id and a.live = old.live and a.id = old.id
