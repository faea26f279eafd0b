/* How the widget looks: an accent for a light and one for a dark ground, corners, a font. The colour of a button's words is derived: white
 * or near black, whichever contrasts more with the accent, so that what an owner chooses is always legible (WCAG 2.2, 1.4.3: 4.5:1). */
#ifndef STOA_RETENTION_BRANDING_H
#define STOA_RETENTION_BRANDING_H

#include "event/event.h"

#define BRANDING_RADIUS 24 /* most, CSS pixels */

struct branding {
	const char *accent, *accent_dark; /* "#rrggbb" in lower case */
	int radius;
	const char *font;                 /* CSS font-family, or "" */
};

/* What the widget's own style sheet has. */
extern const struct branding BRANDING_DEFAULT;

/* ERR_INVALID names the field accent, accentDark or font: a colour that is none, one that does not stand out from its ground by 3:1 (WCAG
 * 1.4.11; grounds #ffffff and #161d29), a font with characters that a family name does not have. */
enum err branding_check(struct ctx *ctx, const struct branding *branding);

/* What is stored, else the default; memory of ctx. own_out (may be NULL): something is stored. */
enum err branding_get(struct ctx *ctx, struct pool *pool, const char *org_id, struct branding *branding_out, bool *own_out);
/* Checks and stores it with the audit line of `by` and the event "branding.changed". Afterwards: flows_forget(), since the widget gets it with
 * the flow. */
enum err branding_put(struct ctx *ctx, struct lease *lease, const struct audit *by, const struct branding *branding);

/* Contrast of two colours "#rrggbb", 1 to 21 (WCAG 2.2, "contrast ratio"). */
double colour_contrast(const char *one, const char *other);
/* "#ffffff" or "#0a1626". */
const char *colour_on(const char *ground);

/* The JSON object that the widget gets: {"accent","accentText","accentDark","accentDarkText","radius","font"}; radius in pixels, font may be
 * "". Memory of ctx. */
const char *branding_theme(struct ctx *ctx, const struct branding *branding);

#endif
