-- What there is to clean up, for the progress of it: sql/auth/session_sweep.sql, sql/auth/reset_sweep.sql, sql/retention/report_sweep.sql.
select (select count(*) from session where least(refresh_expires_at, revoked_at) < now() - interval '30 days')
	+ (select count(*) from password_reset where created_at < now() - interval '30 days')
	+ (select count(*) from report where created_at < now() - interval '7 days') as total
