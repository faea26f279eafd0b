-- How far sessions came. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
select f.stage, f.sessions, round(100.0 * f.sessions / nullif(t.sessions, 0), 1) as percent
from (
	select coalesce(sum(sessions), 0)::bigint as sessions, coalesce(sum(answered), 0)::bigint as answered,
		coalesce(sum(offered), 0)::bigint as offered, coalesce(sum(accepted), 0)::bigint as accepted,
		coalesce(sum(standing), 0)::bigint as standing, coalesce(sum(saved), 0)::bigint as saved
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where $6::text is null or currency = $6::text
) t
cross join lateral (values (1, 'started', t.sessions), (2, 'answered', t.answered), (3, 'offered', t.offered), (4, 'accepted', t.accepted),
	(5, 'standing', t.standing), (6, 'saved', t.saved)) f (number, stage, sessions)
order by f.number
