-- A flow and its draft, held until the transaction ends: nobody saves, publishes or ends it meanwhile.
select f.status, f.version, f.active_from, f.active_until, d.revision, d.published, d.document, d.review, d.changed_at,
	coalesce(nullif(a.name, ''), a.email) as changed_by
from flow f
join flow_draft d on d.org_id = f.org_id and d.flow_id = f.id
left join account a on a.id = d.changed_by
where f.org_id = $1::uuid and f.id = $2::uuid
for no key update of f, d
