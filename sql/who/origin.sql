-- Whether any widget key lets this origin in; preflights carry no key.
select 1
from api_key k
where k.origins @> array[$1::text] and k.revoked_at is null and k.kind = 'widget'
	and (k.expires_at is null or k.expires_at > now())
limit 1
