#include "retention/family.h"

#include "base/zone.h"

#include <ctype.h>
#include <string.h>

enum err mode_choose(struct req *req, bool given, bool live, bool *live_out)
{
	*live_out = given ? live : req->who.live;
	if (req->who.kind == WHO_SERVER_KEY && *live_out != req->who.live)
		return fail_field(&req->ctx, ERR_FORBIDDEN, "live", "This key is of the other mode");
	return OK;
}

enum err day_read(struct ctx *ctx, const char *field, const char *text, int64_t *days_out)
{
	static const char FORM[] = "dddd-dd-dd";
	int part[3] = {0}, at = 0;

	for (int i = 0; FORM[i]; i++) {
		if (FORM[i] == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
			return fail_field(ctx, ERR_INVALID, field, "%s must be a day such as 2026-11-21", field);
		if (FORM[i] == '-')
			at++;
		else
			part[at] = part[at] * 10 + (text[i] - '0');
	}
	if (part[0] < 1 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > date_month_length(part[0], part[1]))
		return fail_field(ctx, ERR_INVALID, field, "%s is no day of the calendar", field);
	*days_out = date_days(part[0], part[1], part[2]);
	return OK;
}

const char *day_text(struct ctx *ctx, int64_t days)
{
	int64_t year;
	int month, day;

	date_of(days, &year, &month, &day);
	return arena_printf(&ctx->arena, "%04lld-%02d-%02d", (long long)(year < 1 ? 1 : year), month, day);
}

static const struct route *const TABLES[] = {
	RETENTION_PRIVACY_ROUTES, RETENTION_EXPERIMENT_ROUTES, RETENTION_FLOW_ROUTES, RETENTION_FLOW_FILE_ROUTES, RETENTION_SESSION_ROUTES, RETENTION_CONNECTION_ROUTES, RETENTION_BRANDING_ROUTES,
	RETENTION_ACTIVITY_ROUTES, RETENTION_REPORT_ROUTES, RETENTION_SEGMENT_ROUTES, RETENTION_OFFER_ROUTES, RETENTION_STRIPE_ROUTES, RETENTION_OUTREACH_ROUTES, RETENTION_REACH_ROUTES,
	RETENTION_ANALYTICS_ROUTES, RETENTION_ROI_ROUTES, RETENTION_RISK_ROUTES, NULL};

const struct family FAMILY_RETENTION = {
	.name = "retention",
	.doc = "Flows, sessions, decisions and figures, for the owner of the product.",
	.tables = TABLES,
	.outbound = true,
};
