-- Cases that were closed in the last $3 days, by currency: what came in, and how much of it by a retry of ours or after a mail; and the offers taken.
select c.currency, count(*) filter (where c.state = 'recovered') as recovered, count(*) filter (where c.state = 'ended') as ended,
	sum(c.recovered_minor)::bigint as recovered_minor,
	coalesce(sum(c.recovered_minor) filter (where c.reason in ('retry', 'mail')), 0)::bigint as ours_minor
from outreach_case c
where c.org_id = $1::uuid and c.live = $2::boolean and c.state <> 'open' and c.closed_at > now() - make_interval(days => $3::int)
group by c.currency
order by recovered_minor desc, c.currency
