-- $2: the cursor. Newest first.
select w.id, w.live, w.url, w.events, w.description, w.enabled, w.failing_since as "failingSince", w.disabled_at as "disabledAt",
	w.disabled_reason as "disabledReason", case when w.secret_before_until > now() then w.secret_before_until end as "secretBeforeUntil",
	w.created_at as "createdAt", w.updated_at as "updatedAt"
from webhook_endpoint w
where w.org_id = $1::uuid and ($2::uuid is null or w.id < $2::uuid)
order by w.id desc
limit $3::int + 1
