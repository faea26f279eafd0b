select a.id, a.email, a.name, m.role, o.org_id as "organisationId", o.name as "organisationName",
	a.language, a.time_zone as "timeZone", a.notify, a.password_set_at as "passwordSetAt", s.id as "sessionId", s.access_expires_at as "accessExpiresAt"
from session s
join membership m on m.org_id = s.org_id and m.account_id = s.account_id
join account a on a.id = s.account_id
join organisation o on o.org_id = s.org_id
where s.org_id = $1::uuid and s.id = $2::uuid
