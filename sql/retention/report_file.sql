-- One part of a report; $3 and $4 as in report_get.sql, $5 sessions or days.
select from_day, to_day, case $5 when 'days' then days else sessions end as csv
from report
where org_id = $1::uuid and id = $2::uuid and (not customers or $3::boolean) and ($4::boolean is null or live = $4)
