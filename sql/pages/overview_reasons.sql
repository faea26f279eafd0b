-- $2 live, $3 days. Why customers clicked Cancel, as far as they said.
select reason_code, count(*) as answers
from decision
where org_id = $1::uuid and live = $2::boolean and decided_at >= now() - make_interval(days => $3::int)
	and reason_code is not null
group by reason_code
order by count(*) desc, reason_code
limit 8
