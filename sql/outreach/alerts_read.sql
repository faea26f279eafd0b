-- All that are unread, of a priority when $3 names one.
update alert
set read_at = now(), read_by = $4::text
where org_id = $1::uuid and live = $2::boolean and read_at is null and ($3::text is null or priority = $3::text)
