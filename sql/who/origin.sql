-- Whether any widget key lets this origin in; preflights carry no key. Counted, because a limit of one row makes the planner
-- hope to meet one early and read the table.
select count(*) > 0 as known
from api_key k
where k.origins @> array[$1::text] and k.revoked_at is null and k.kind = 'widget'
	and (k.expires_at is null or k.expires_at > now())
