-- Sessions by the month in which they started, and of those that accepted an offer and whose subscription is known, the share that still
-- ran after so many weeks: null while the month's last session is not that old. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. Retention is of all, whatever the filters.
with months as (
	select date_trunc('month', day)::date as month, sum(sessions) as sessions, sum(open) as open, sum(accepted) as accepted, sum(saved) as saved,
		sum(deflected) as deflected, sum(lost) as lost, sum(unknown) as unknown, sum(waiting) as waiting
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where $6::text is null or currency = $6::text
	group by 1
), gone as (
	select date_trunc('month', day)::date as month, sum(sessions) as known,
		sum(sessions) filter (where week = -1 or week >= 4) as w4, sum(sessions) filter (where week = -1 or week >= 8) as w8,
		sum(sessions) filter (where week = -1 or week >= 13) as w13, sum(sessions) filter (where week = -1 or week >= 26) as w26,
		sum(sessions) filter (where week = -1 or week >= 52) as w52
	from measure_gone
	where org_id = $1::uuid and live = $2::boolean and day between $3::date and $4::date
		and kind in ('discount', 'pause', 'downgrade', 'extension', 'support')
	group by 1
), aged as (
	select month, ((now() at time zone 'UTC')::date - least((month + interval '1 month')::date - 1, $4::date)) / 7 as weeks from months
)
select to_char(m.month, 'YYYY-MM') as month, m.sessions::bigint, m.accepted::bigint, m.saved::bigint, m.deflected::bigint, m.lost::bigint,
	m.unknown::bigint, m.waiting::bigint, round(100.0 * m.accepted / nullif(m.sessions - m.open, 0), 1) as accept_rate,
	round(100.0 * m.saved / nullif(m.saved + m.deflected + m.lost, 0), 1) as save_rate, coalesce(g.known, 0)::bigint as known,
	case when a.weeks >= 4 then round(100.0 * coalesce(g.w4, 0) / g.known, 1) end as after4,
	case when a.weeks >= 8 then round(100.0 * coalesce(g.w8, 0) / g.known, 1) end as after8,
	case when a.weeks >= 13 then round(100.0 * coalesce(g.w13, 0) / g.known, 1) end as after13,
	case when a.weeks >= 26 then round(100.0 * coalesce(g.w26, 0) / g.known, 1) end as after26,
	case when a.weeks >= 52 then round(100.0 * coalesce(g.w52, 0) / g.known, 1) end as after52
from months m
join aged a on a.month = m.month
left join gone g on g.month = m.month
order by m.month
