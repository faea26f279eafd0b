#include "ops/family.h"

static const struct route *const TABLES[] = {OPS_HEALTH_ROUTES, OPS_FIGURES_ROUTES, OPS_JOBS_ROUTES, OPS_PROBE_ROUTES, OPS_PROFILE_ROUTES, OPS_SLO_ROUTES, OPS_CAPACITY_ROUTES, NULL};

const struct family FAMILY_OPS = {
	.name = "ops",
	.doc = "Health, metrics, latency targets, background jobs and what the doctor asks.",
	.tables = TABLES,
};
