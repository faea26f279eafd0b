-- What changed, newest first. $2: what was done, or its first part; $3: the person or key; $4, $5: days in UTC; $6: the list goes on behind
-- this line.
select l.id, l.at, l.actor_kind, l.action, l.entity, l.entity_id, l.before::text, l.after::text, host(l.address) as address,
	coalesce(nullif(a.name, ''), a.email, k.name, l.actor_id) as actor
from audit_log l
left join account a on l.actor_kind = 'session' and a.id::text = l.actor_id
left join api_key k on l.actor_kind = 'key' and k.org_id = l.org_id and k.id::text = l.actor_id
where l.org_id = $1::uuid
	and ($2::text is null or l.action = $2 or split_part(l.action, '.', 1) = $2)
	and ($3::text is null or l.actor_id = $3)
	and ($4::date is null or l.at >= $4::date at time zone 'UTC')
	and ($5::date is null or l.at < ($5::date + 1) at time zone 'UTC')
	and ($6::uuid is null or l.id < $6::uuid)
order by l.id desc
limit $7::int + 1
