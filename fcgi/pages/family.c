#include "pages/family.h"

#include "pages/page.h"

extern const struct route ASSET_ROUTES[], JOBS_ROUTES[], KEYS_ROUTES[], LOGIN_ROUTES[], OVERVIEW_ROUTES[], PASSWORD_ROUTES[], REGISTER_ROUTES[],
	SETTINGS_ROUTES[], UNSUBSCRIBE_ROUTES[];

static const struct route *const TABLES[] = {
	OVERVIEW_ROUTES, JOBS_ROUTES, KEYS_ROUTES, LOGIN_ROUTES, REGISTER_ROUTES, PASSWORD_ROUTES, SETTINGS_ROUTES, UNSUBSCRIBE_ROUTES, ASSET_ROUTES, NULL};

const struct family FAMILY_PAGES = {
	.name = "pages",
	.doc = "The dashboard that people open in a browser.",
	.tables = TABLES,
	.open = assets_open,
	.templates = true,
};
