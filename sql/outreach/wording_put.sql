insert into outreach_wording (org_id, kind, language, subject, body, button)
values ($1::uuid, $2::text, $3::text, $4::text, $5::text, $6::text)
on conflict (org_id, kind, language) do update set subject = excluded.subject, body = excluded.body, button = excluded.button, updated_at = now()
