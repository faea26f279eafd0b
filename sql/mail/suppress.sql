-- A bounce gives way to what a person said, and a later one is believed anew.
insert into mail_suppression (org_id, address, kind, reason)
values ($1::uuid, lower($2), $3, $4)
on conflict (org_id, address, kind) do update set reason = excluded.reason, created_at = now()
where mail_suppression.reason = 'bounce'
