-- For the command: the organisation by id or name; $1 null: any. Two rows are one too many.
select org_id, name
from organisation
where $1::text is null or org_id::text = lower($1) or name = $1
order by org_id
limit 2
