-- $2 live, $3 days, $4 days a bar. Outcomes over time, oldest first, periods without decisions included. A bar is labelled
-- with the day on which it ends, so that the last one is today.
with bar as (
	select number, now() - make_interval(days => $3::int - number * $4::int) as starts
	from generate_series(0, ($3::int + $4::int - 1) / $4::int - 1) as number
)
select to_char((bar.starts + make_interval(days => $4::int)) at time zone 'UTC', 'FMDD Mon') as label,
	count(d.session_id) filter (where d.outcome = 'accepted') as accepted,
	count(d.session_id) filter (where d.outcome = 'dismissed') as dismissed,
	count(d.session_id) filter (where d.outcome in ('declined', 'cancelled')) as cancels
from bar
left join decision d on d.org_id = $1::uuid and d.live = $2::boolean
	and d.decided_at >= bar.starts and d.decided_at < bar.starts + make_interval(days => $4::int)
group by bar.number, bar.starts
order by bar.number
