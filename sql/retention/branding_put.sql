insert into branding (org_id, accent, accent_dark, radius, font)
values ($1::uuid, $2::text, $3::text, $4::int, $5::text)
on conflict (org_id) do update
set accent = excluded.accent, accent_dark = excluded.accent_dark, radius = excluded.radius, font = excluded.font, updated_at = now()
returning org_id
