-- The oldest that are unread, of a priority when $3 names one. $4: by whom, $5: most.
with marked as (
	update alert
	set read_at = now(), read_by = $4::text
	where org_id = $1::uuid and live = $2::boolean and read_at is null and ($3::text is null or priority = $3::text) and number <= (
		select max(n.number)
		from (
			select a.number
			from alert a
			where a.org_id = $1::uuid and a.live = $2::boolean and a.read_at is null and ($3::text is null or a.priority = $3::text)
			order by a.number
			limit $5::int) n)
	returning id
)
select count(*) as marked from marked
