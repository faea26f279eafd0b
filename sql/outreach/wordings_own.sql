-- Which texts are the organisation's own.
select kind, language
from outreach_wording
where org_id = $1::uuid
