-- How the widget looks in an organisation's pages.
create table branding (
	org_id      uuid primary key references organisation,
	accent      text not null check (accent ~ '^#[0-9a-f]{6}$'),
	accent_dark text not null check (accent_dark ~ '^#[0-9a-f]{6}$'),
	radius      int not null check (radius between 0 and 24),
	font        text not null default '' check (length(font) <= 100),
	updated_at  timestamptz not null default now()
);
comment on column branding.accent is 'of buttons on a light ground';
comment on column branding.radius is 'of corners, in CSS pixels';
comment on column branding.font is 'a CSS font-family; empty: the system''s';
