-- The days from the first session to the last in pieces of about $3 sessions; of the days before, only the sums are left.
select day::text as day, coalesce(lead(day) over (order by day), last + 1) - day as days
from (
	select min(day) as day, max(max(day)) over () as last
	from (
		select day, (sum(count(*)) over (order by day) - count(*)) / $3::int as piece
		from session_outcome
		where org_id = $1::uuid and live = $2::boolean
		group by day
	) counted
	group by floor(piece)
) pieces
order by day
