#include "pages/family.h"

#include "pages/page.h"

extern const struct route OFFERS_ROUTES[], SEGMENTS_ROUTES[], ANALYTICS_ROUTES[], FEEDBACK_ROUTES[], ROI_ROUTES[], ASSET_ROUTES[], EXPERIMENTS_ROUTES[], AUDIT_ROUTES[], BRANDING_ROUTES[], TEAM_ROUTES[], JOBS_ROUTES[], KEYS_ROUTES[], LOGIN_ROUTES[], OVERVIEW_ROUTES[], PASSWORD_ROUTES[], REGISTER_ROUTES[],
	REPORTS_ROUTES[], SETTINGS_ROUTES[], UNSUBSCRIBE_ROUTES[], WEBHOOKS_ROUTES[];

static const struct route *const TABLES[] = {OVERVIEW_ROUTES, ANALYTICS_ROUTES, ROI_ROUTES, FEEDBACK_ROUTES, OFFERS_ROUTES, SEGMENTS_ROUTES, EXPERIMENTS_ROUTES, DATA_ROUTES, JOBS_ROUTES, KEYS_ROUTES, WEBHOOKS_ROUTES, LOGIN_ROUTES, REGISTER_ROUTES,
	PASSWORD_ROUTES, REPORTS_ROUTES, SETTINGS_ROUTES, BRANDING_ROUTES, TEAM_ROUTES, AUDIT_ROUTES, UNSUBSCRIBE_ROUTES, ASSET_ROUTES, NULL};

static bool pages_open(const struct house *house, char message_out[256])
{
	return assets_open(house, message_out) && guard_open(message_out);
}

const struct family FAMILY_PAGES = {
	.name = "pages",
	.doc = "The dashboard that people open in a browser.",
	.tables = TABLES,
	.open = pages_open,
	.templates = true,
};
