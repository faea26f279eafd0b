-- Kaplan-Meier: the share of subscriptions that still run so many weeks after the session, by the offer that was accepted, else by how the
-- session ended. A week's ended are those whose subscription ended in it; at risk is who ran at its beginning and has been followed
-- that far. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null. Only the days count here.
with known as (
	select kind, case when week = -1 then ((now() at time zone 'UTC')::date - day) / 7 else week end as last, week >= 0 as ended,
		sum(sessions) as sessions
	from measure_gone
	where org_id = $1::uuid and live = $2::boolean and day between $3::date and $4::date and $5::jsonb is not null and ($6::text is null or true)
	group by 1, 2, 3
), weeks as (
	select k.kind, w.week, coalesce(sum(k.sessions) filter (where k.last >= w.week), 0) as at_risk,
		coalesce(sum(k.sessions) filter (where k.ended and k.last = w.week), 0) as ended
	from known k cross join generate_series(0, 52) w (week)
	group by k.kind, w.week
)
select kind, week, at_risk::bigint, ended::bigint, round((100 * case when bool_or(ended = at_risk) over past then 0
	else exp(coalesce(sum(case when ended < at_risk then ln(1 - ended / at_risk) end) over past, 0)) end)::numeric, 1) as survival
from weeks
where at_risk > 0
window past as (partition by kind order by week)
order by kind, week
