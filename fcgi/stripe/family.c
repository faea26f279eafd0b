#include "stripe/family.h"

static const struct route *const TABLES[] = {STRIPE_WEBHOOK_ROUTES, NULL};

const struct family FAMILY_STRIPE = {
	.name = "stripe",
	.doc = "Events of Stripe, verified by their signature and stored before they are answered.",
	.tables = TABLES,
};
