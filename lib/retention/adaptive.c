#include "retention/adaptive.h"

#include "sql.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <pthread.h>
#include <string.h>

#define COUNTS_LIFE_MS 1800000 /* document 003 §4: offer performance for 30 minutes */
#define GRID 2000              /* steps of the integral over [0, 1] */

const enum step_type ADAPTIVE_OFFERS[ADAPTIVE_TYPES] = {STEP_DISCOUNT, STEP_PAUSE, STEP_DOWNGRADE, STEP_EXTENSION, STEP_SUPPORT};

static enum err counts_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const void *const *given = argument;
	const struct house *house = given[0];
	struct offer_counts *counts = arena_alloc(&ctx->arena, sizeof *counts);
	PGresult *result;

	TRY(pg_query(ctx, house->pool, &SQL_RETENTION_OFFER_COUNTS, PARAMS(given[1], given[2], pg_int(ctx, ADAPTIVE_DAYS)), &result));
	for (int row = 0; row < PQntuples(result); row++) {
		enum step_type type;

		for (int segment = 0; segment < SEGMENT_COUNT; segment++)
			if (strcmp(pg_text(result, row, "segment"), segment_text((enum segment)segment)) == 0 &&
				step_parse(pg_text(result, row, "offer_type"), &type) && step_is_offer(type))
				counts->of[segment][type] =
					(struct offer_count){pg_number(result, row, "shown", 0), pg_number(result, row, "accepted", 0)};
	}
	*value_out = (struct cached){.data = (const char *)counts, .length = sizeof *counts};
	return OK;
}

enum err offer_counts_load(struct ctx *ctx, const struct house *house, const char *org_id, bool live, struct offer_counts *counts_out)
{
	const struct cache_plan plan = {.space = "offer-counts", .key = arena_printf(&ctx->arena, "%s%c", org_id, live ? '+' : '-'),
		.life_ms = COUNTS_LIFE_MS, .local_ms = COUNTS_LIFE_MS};
	const void *argument[] = {house, org_id, pg_bool(live)};
	struct cached value;

	TRY(cache_fetch(ctx, house->cache, &plan, counts_load, argument, &value));
	if (value.length != sizeof *counts_out)
		return fail(ctx, ERR_INTERNAL, "Cached counts of offers cannot be read");
	memcpy(counts_out, value.data, sizeof *counts_out);
	return OK;
}

/* The posterior's two parameters, never below 1. */
static double accepted_of(const struct offer_count *count)
{
	return 1.0 + (double)(count->accepted > 0 ? count->accepted : 0);
}

static double refused_of(const struct offer_count *count)
{
	return 1.0 + (double)(count->shown > count->accepted ? count->shown - count->accepted : 0);
}

void adaptive_order(const struct offer_count counts[STEP_COUNT], const enum step_type *types, int count, int floor_percent, uint64_t seed,
	int *order_out)
{
	gsl_rng *random = gsl_rng_alloc(gsl_rng_taus2);
	double draws[FLOW_STEPS];
	bool even;

	gsl_rng_set(random, (unsigned long)(seed * UINT64_C(0x9e3779b97f4a7c15) >> 32));
	even = gsl_rng_uniform(random) * 100 < floor_percent;
	for (int i = 0; i < count; i++) {
		const struct offer_count *of = &counts[types[i]];
		int at = i;

		double draw = even ? gsl_rng_uniform(random) : gsl_ran_beta(random, accepted_of(of), refused_of(of));

		for (; at > 0 && draws[at - 1] < draw; at--) {
			draws[at] = draws[at - 1];
			order_out[at] = order_out[at - 1];
		}
		draws[at] = draw;
		order_out[at] = i;
	}
	gsl_rng_free(random);
}

uint64_t adaptive_seed(const char *session_id)
{
	uint8_t bytes[ID_BYTES] = {0};
	uint64_t seed = 0;

	/* The second half of a UUID of version 7 is random. */
	id_parse(session_id, bytes);
	for (int i = 8; i < ID_BYTES; i++)
		seed = seed << 8 | bytes[i];
	return seed;
}

/* Its own handler ends the process when a number does not converge as far as it likes. */
static void gsl_quiet(void)
{
	gsl_set_error_handler_off();
}

/* P(type i is the greatest) = the integral of its density times the others' distributions: here the sum over a grid of the rise of i's
 * distribution times the others' at the middle. */
static double greatest(const struct offer_count counts[STEP_COUNT], const enum step_type *types, int count, int i)
{
	double sum = 0, before = 0;

	for (int step = 0; step < GRID; step++) {
		double after = gsl_cdf_beta_P((step + 1.0) / GRID, accepted_of(&counts[types[i]]), refused_of(&counts[types[i]]));
		double others = after - before;

		for (int j = 0; j < count && others > 1e-12; j++)
			if (j != i)
				others *= gsl_cdf_beta_P((step + 0.5) / GRID, accepted_of(&counts[types[j]]), refused_of(&counts[types[j]]));
		sum += others;
		before = after;
	}
	return sum;
}

void adaptive_estimate(const struct offer_count counts[STEP_COUNT], const enum step_type *types, int count, int floor_percent,
	struct offer_estimate *estimates_out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, gsl_quiet);
	for (int i = 0; i < count; i++) {
		double a = accepted_of(&counts[types[i]]), b = refused_of(&counts[types[i]]);

		estimates_out[i] = (struct offer_estimate){a / (a + b), gsl_cdf_beta_Pinv(0.025, a, b), gsl_cdf_beta_Pinv(0.975, a, b),
			(100 - floor_percent) / 100.0 * greatest(counts, types, count, i) + floor_percent / 100.0 / count};
	}
}
