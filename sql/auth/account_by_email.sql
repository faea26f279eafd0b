-- A person by e-mail address, with the organisation to sign in to: $2, or the oldest membership. A way into a tenant.
select a.id, a.email, a.password_hash, coalesce(a.locked_until > now(), false) as locked, m.org_id, m.role
from account a
left join lateral (
	select org_id, role
	from membership
	where account_id = a.id and ($2::uuid is null or org_id = $2::uuid)
	order by created_at, org_id
	limit 1
) m on true
where lower(a.email) = lower($1)
