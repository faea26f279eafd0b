-- Money by currency. $1 organisation, $2 live, $3 to $4 days, $5 filters, $6 currency or null.
select t.currency, t.sessions, t.accepted, coalesce(u.users, 0)::bigint as users_saved, t.value_minor, t.saved_minor,
	round(t.saved_minor / nullif(u.users, 0)::numeric)::bigint as per_user_minor, t.paid_minor, t.refunded_minor,
	t.paid_minor - t.refunded_minor as net_minor, t.kept_net_minor
from (
	select currency, sum(sessions)::bigint as sessions, sum(accepted)::bigint as accepted, sum(value_minor)::bigint as value_minor,
		sum(saved_minor)::bigint as saved_minor, sum(paid_minor)::bigint as paid_minor, sum(refunded_minor)::bigint as refunded_minor,
		sum(kept_paid_minor - kept_refunded_minor)::bigint as kept_net_minor
	from measure_days($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb)
	where currency <> '' and ($6::text is null or currency = $6::text)
	group by currency
) t
left join measure_users($1::uuid, $2::boolean, $3::date, $4::date, $5::jsonb, 'currency') u on u.key = t.currency
order by t.sessions desc, t.currency
