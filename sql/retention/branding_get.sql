select accent, accent_dark as "accentDark", radius, font, updated_at as "updatedAt"
from branding
where org_id = $1::uuid
