#include "pages/family.h"

#include "identity/identity.h"
#include "pages/page.h"

extern const struct route ASSET_ROUTES[], KEYS_ROUTES[], LOGIN_ROUTES[], OVERVIEW_ROUTES[], PASSWORD_ROUTES[], REGISTER_ROUTES[];

static const struct route *const TABLES[] = {
	OVERVIEW_ROUTES, KEYS_ROUTES, LOGIN_ROUTES, REGISTER_ROUTES, PASSWORD_ROUTES, ASSET_ROUTES, NULL};
static const struct conf_row *const CONF[] = {IDENTITY_CONF, NULL};

const struct family FAMILY_PAGES = {
	.name = "pages",
	.doc = "The dashboard that people open in a browser.",
	.tables = TABLES,
	.conf = CONF,
	.open = assets_open,
	.templates = true,
};
