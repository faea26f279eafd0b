#include "retention/branding.h"

#include "sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIGHT_GROUND "#ffffff"
#define DARK_GROUND "#161d29"
#define DARK_WORDS "#0a1626"
#define STANDS_OUT 3.0

const struct branding BRANDING_DEFAULT = {"#003a78", "#8fc1ff", 14, ""};

static bool is_colour(const char *text)
{
	return text[0] == '#' && strlen(text) == 7 && strspn(text + 1, "0123456789abcdef") == 6;
}

/* WCAG 2.2, "relative luminance"; the threshold is the one of its errata. */
static double channel(const char *hex)
{
	char digits[3] = {hex[0], hex[1], '\0'};
	double value = (double)strtol(digits, NULL, 16) / 255;

	return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4);
}

static double luminance(const char *colour)
{
	return 0.2126 * channel(colour + 1) + 0.7152 * channel(colour + 3) + 0.0722 * channel(colour + 5);
}

double colour_contrast(const char *one, const char *other)
{
	double a = luminance(one), b = luminance(other);

	return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

const char *colour_on(const char *ground)
{
	return colour_contrast(ground, LIGHT_GROUND) >= colour_contrast(ground, DARK_WORDS) ? LIGHT_GROUND : DARK_WORDS;
}

static enum err accent_check(struct ctx *ctx, const char *field, const char *colour, const char *ground)
{
	if (!is_colour(colour))
		return fail_field(ctx, ERR_INVALID, field, "A colour is written as #003a78");
	if (colour_contrast(colour, ground) < STANDS_OUT)
		return fail_field(ctx, ERR_INVALID, field, "This colour does not stand out from the dialog: choose a %s one",
			strcmp(ground, LIGHT_GROUND) == 0 ? "darker" : "lighter");
	return OK;
}

enum err branding_check(struct ctx *ctx, const struct branding *branding)
{
	TRY(accent_check(ctx, "accent", branding->accent, LIGHT_GROUND));
	TRY(accent_check(ctx, "accentDark", branding->accent_dark, DARK_GROUND));
	if (branding->font[strspn(branding->font, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ,-_")])
		return fail_field(ctx, ERR_INVALID, "font", "A font is a list of family names, such as Inter, Arial, sans-serif");
	if (branding->radius < 0 || branding->radius > BRANDING_RADIUS)
		return fail_field(ctx, ERR_INVALID, "radius", "Corners have 0 to %d pixels", BRANDING_RADIUS);
	return OK;
}

const char *branding_theme(struct ctx *ctx, const struct branding *branding)
{
	return arena_printf(&ctx->arena, "{\"accent\":\"%s\",\"accentText\":\"%s\",\"accentDark\":\"%s\",\"accentDarkText\":\"%s\",\"radius\":%d,"
		"\"font\":\"%s\"}", branding->accent, colour_on(branding->accent), branding->accent_dark, colour_on(branding->accent_dark),
		branding->radius, branding->font);
}

enum err branding_get(struct ctx *ctx, struct pool *pool, const char *org_id, struct branding *branding_out, bool *own_out)
{
	PGresult *row;

	*branding_out = BRANDING_DEFAULT;
	TRY(pg_query(ctx, pool, &SQL_RETENTION_BRANDING_GET, PARAMS(org_id), &row));
	if (own_out)
		*own_out = PQntuples(row) > 0;
	if (PQntuples(row))
		*branding_out = (struct branding){pg_text(row, 0, "accent"), pg_text(row, 0, "accentDark"), (int)pg_number(row, 0, "radius", 0),
			pg_text(row, 0, "font")};
	return OK;
}

enum err branding_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const struct branding *branding)
{
	struct audit audit = *by;

	TRY(branding_check(ctx, branding));
	TRY(pg_run(lease, &SQL_RETENTION_BRANDING_PUT,
		PARAMS(by->org_id, branding->accent, branding->accent_dark, pg_int(ctx, branding->radius), branding->font), NULL));
	audit.action = "branding.put";
	audit.entity = "branding";
	audit.after = branding_theme(ctx, branding);
	return event_audit(lease, &audit);
}
