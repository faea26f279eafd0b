#include "retention/family.h"

#include <string.h>

enum err mode_choose(struct req *req, bool given, bool live, bool *live_out)
{
	*live_out = given ? live : req->who.live;
	if (req->who.kind == WHO_SERVER_KEY && *live_out != req->who.live)
		return fail_field(&req->ctx, ERR_FORBIDDEN, "live", "This key is of the other mode");
	return OK;
}

static const struct route *const TABLES[] = {
	RETENTION_EXPERIMENT_ROUTES, RETENTION_FLOW_ROUTES, RETENTION_FLOW_FILE_ROUTES, RETENTION_SESSION_ROUTES, RETENTION_SUMMARY_ROUTES, RETENTION_CONNECTION_ROUTES, RETENTION_BRANDING_ROUTES,
	RETENTION_ACTIVITY_ROUTES, RETENTION_REPORT_ROUTES, RETENTION_SEGMENT_ROUTES, RETENTION_OFFER_ROUTES, RETENTION_STRIPE_ROUTES, RETENTION_OUTREACH_ROUTES, RETENTION_REACH_ROUTES, NULL};

const struct family FAMILY_RETENTION = {
	.name = "retention",
	.doc = "Flows, sessions, decisions and figures, for the owner of the product.",
	.tables = TABLES,
	.outbound = true,
};
