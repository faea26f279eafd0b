-- What became of the sessions (lib/measure/measure.h has every definition). $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
select $3::date::text as "from", $4::date::text as "to", $2::boolean as live, sessions, sessions - open as closed, open, accepted, standing, declined, dismissed,
	cancelled, abandoned, pending, manual, waiting, saved, deflected, lost, unknown,
	coalesce((select users from measure_users($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb,
		case when $6::text is null then 'all' else 'currency' end) where key = coalesce($6::text, '')), 0)::bigint as users_saved,
	round(100.0 * accepted / nullif(sessions - open, 0), 1) as accept_rate,
	round(100.0 * (accepted + dismissed + abandoned) / nullif(sessions - open, 0), 1) as stay_rate,
	round(100.0 * saved / nullif(saved + deflected + lost, 0), 1) as save_rate,
	round(100.0 * deflected / nullif(saved + deflected + lost, 0), 1) as deflect_rate,
	value_minor, saved_minor, net_minor, kept_net_minor
from (
	select coalesce(sum(sessions), 0)::bigint as sessions, coalesce(sum(open), 0)::bigint as open, coalesce(sum(accepted), 0)::bigint as accepted,
		coalesce(sum(standing), 0)::bigint as standing, coalesce(sum(declined), 0)::bigint as declined,
		coalesce(sum(dismissed), 0)::bigint as dismissed, coalesce(sum(cancelled), 0)::bigint as cancelled,
		coalesce(sum(abandoned), 0)::bigint as abandoned, coalesce(sum(pending), 0)::bigint as pending,
		coalesce(sum(manual), 0)::bigint as manual, coalesce(sum(waiting), 0)::bigint as waiting, coalesce(sum(saved), 0)::bigint as saved,
		coalesce(sum(deflected), 0)::bigint as deflected, coalesce(sum(lost), 0)::bigint as lost, coalesce(sum(unknown), 0)::bigint as unknown,
		coalesce(jsonb_object_agg(currency, value_minor) filter (where currency <> '' and value_minor <> 0), '{}') as value_minor,
		coalesce(jsonb_object_agg(currency, saved_minor) filter (where currency <> '' and saved_minor <> 0), '{}') as saved_minor,
		coalesce(jsonb_object_agg(currency, net_minor) filter (where currency <> '' and net_minor <> 0), '{}') as net_minor,
		coalesce(jsonb_object_agg(currency, kept_net_minor) filter (where currency <> '' and kept_net_minor <> 0), '{}') as kept_net_minor
	from (
		select currency, sum(sessions) as sessions, sum(open) as open, sum(accepted) as accepted, sum(standing) as standing,
			sum(declined) as declined, sum(dismissed) as dismissed, sum(cancelled) as cancelled, sum(abandoned) as abandoned,
			sum(pending) as pending, sum(manual) as manual, sum(waiting) as waiting, sum(saved) as saved, sum(deflected) as deflected,
			sum(lost) as lost, sum(unknown) as unknown, sum(value_minor) as value_minor, sum(saved_minor) as saved_minor,
			sum(paid_minor - refunded_minor) as net_minor, sum(kept_paid_minor - kept_refunded_minor) as kept_net_minor
		from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
		where $6::text is null or currency = $6::text
		group by currency) c
) t
