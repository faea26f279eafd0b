-- Invoices. Their status only goes forward, and so do attempts; within both the newer snapshot counts.
-- $3 of when, in microseconds since 1970; $4 rows; $5 what to do in a tie: null leaves it, "print" takes the greater digest, else the version
-- (xmin) of the row that is replaced whatever its age.
with given as (
	select distinct on (r.ref) r.*, md5(r::text) as print
	from jsonb_to_recordset($4::jsonb) as r (ref text, customer_ref text, subscription_ref text, status text, currency text, due_minor bigint, paid_minor bigint, reason text, attempts int, next_attempt_at bigint, hosted_url text, created_at bigint, paid_at bigint)
	order by r.ref
), kept as (
	insert into invoice (org_id, live, ref, customer_ref, subscription_ref, status, currency, due_minor, paid_minor, reason, attempts, next_attempt_at, hosted_url, created_at, paid_at, as_of, print)
	select $1::uuid, $2::boolean, g.ref, g.customer_ref, g.subscription_ref, g.status, g.currency, g.due_minor, g.paid_minor, g.reason, g.attempts, to_timestamp(g.next_attempt_at), g.hosted_url, to_timestamp(g.created_at), to_timestamp(g.paid_at), timestamptz 'epoch' + $3::bigint * interval '1 us', g.print
	from given g
	on conflict (org_id, live, ref) do update set
		customer_ref = excluded.customer_ref,
		subscription_ref = excluded.subscription_ref,
		status = excluded.status,
		currency = excluded.currency,
		due_minor = excluded.due_minor,
		paid_minor = excluded.paid_minor,
		reason = excluded.reason,
		attempts = excluded.attempts,
		next_attempt_at = excluded.next_attempt_at,
		hosted_url = excluded.hosted_url,
		created_at = excluded.created_at,
		paid_at = excluded.paid_at,
		as_of = greatest(invoice.as_of, excluded.as_of),
		print = excluded.print
	where $5::text = invoice.xmin::text or (array_position('{draft,open,uncollectible,void,paid}'::text[], excluded.status), excluded.attempts, excluded.as_of) > (array_position('{draft,open,uncollectible,void,paid}'::text[], invoice.status), invoice.attempts, invoice.as_of)
		or ($5::text = 'print' and (array_position('{draft,open,uncollectible,void,paid}'::text[], excluded.status), excluded.attempts, excluded.as_of) = (array_position('{draft,open,uncollectible,void,paid}'::text[], invoice.status), invoice.attempts, invoice.as_of) and excluded.print > invoice.print)
	returning ref
)
select g.ref, k.ref is not null and old.print is distinct from g.print as put, old.xmin::text as version,
	k.ref is null and old.print <> g.print and (array_position('{draft,open,uncollectible,void,paid}'::text[], old.status), old.attempts, old.as_of) = (array_position('{draft,open,uncollectible,void,paid}'::text[], g.status), g.attempts, timestamptz 'epoch' + $3::bigint * interval '1 us') as tie
from given g
left join kept k on k.ref = g.ref
left join invoice old on old.org_id = $1::uuid and old.live = $2::boolean and old.ref = g.ref
