#include "widget/family.h"

static struct batch *sessions;

struct batch *widget_batch(void)
{
	return sessions;
}

static bool family_open(const struct house *house, char message_out[256])
{
	(void)message_out;
	sessions = batch_open(house->pool);
	return true;
}

static void family_close(void)
{
	batch_close(sessions);
	sessions = NULL;
}

static const struct route *const TABLES[] = {WIDGET_START_ROUTES, WIDGET_DECISION_ROUTES, WIDGET_FLOW_ROUTES, NULL};

const struct family FAMILY_WIDGET = {
	.name = "widget",
	.doc = "The cancel flow that a host's page shows to its customers.",
	.tables = TABLES,
	.open = family_open,
	.close = family_close,
};
