-- Whom the events of positions $1 (without) to $2 (with) concern: owners and admins, by what they chose to be told ($4 all types, $5 the
-- important ones), but for what they did themselves or what was done to them. What lies at $3 or below has been told, unless it was
-- passed over. A line a person and type.
select m.org_id, m.account_id, e.live, e.type, a.language, count(*) as count,
	left(string_agg(coalesce(e.payload->'after'->>'email', e.payload->'before'->>'email', e.payload->'after'->>'name', e.payload->'after'->>'url',
		e.payload->>'description', e.payload->>'customer'), ', ' order by e.position), 300) as detail
from event e
join membership m on m.org_id = e.org_id and m.role in ('owner', 'admin') and m.created_at <= e.at
join account a on a.id = m.account_id
where e.position > $1::bigint and e.position <= $2::bigint
	and (e.position > $3::bigint or exists (
		select from event_skipped s where s.org_id = e.org_id and s.event_id = e.id and s.consumer = 'notify'))
	and (a.notify = 'all' and e.type = any ($4::text[]) or a.notify = 'important' and e.type = any ($5::text[]))
	and not (e.actor_kind = 'session' and e.actor_id = m.account_id::text) and not (e.entity = 'account' and e.entity_id = m.account_id::text)
group by m.org_id, m.account_id, e.live, e.type, a.language
order by m.org_id, m.account_id, min(e.position)
