#include "retention/experiment_result.h"

#include "sql.h"

#include <gsl/gsl_cdf.h>
#include <stdio.h>
#include <string.h>

#define BASELINE_ASSUMED 0.5

static void add(struct arm *arm, int64_t customers, int64_t saved)
{
	arm->customers += customers;
	arm->saved += saved;
}

static void row_add(struct experiment_outcome *outcome, const PGresult *rows, int row, bool validated)
{
	int64_t raw = pg_number(rows, row, "raw_customers", 0), judged = pg_number(rows, row, "judged", 0);

	outcome->sessions += pg_number(rows, row, "sessions", 0);
	outcome->customers += pg_number(rows, row, "customers", 0);
	outcome->accepted += pg_number(rows, row, "accepted", 0);
	outcome->waiting += pg_number(rows, row, "waiting", 0);
	outcome->unknown += pg_number(rows, row, "unknown", 0);
	add(&outcome->raw, raw, pg_number(rows, row, "raw_stayed", 0));
	add(&outcome->validated, judged, pg_number(rows, row, "stayed", 0));
	outcome->counted = validated ? outcome->validated : outcome->raw;
}

static struct comparison compare(const struct experiment_result *result, const struct arm counted[], int variant)
{
	return variant ? sequential_compare(counted[0], counted[variant], result->alpha, result->effect) : (struct comparison){0};
}

/* Rows come by day: what has been counted at the end of each is kept. */
static void days_add(struct ctx *ctx, struct experiment_result *result, const PGresult *rows)
{
	int count = PQntuples(rows);

	result->days = arena_array(&ctx->arena, (size_t)count + 1, sizeof *result->days);
	for (int row = 0; row < count; row++) {
		const char *day = pg_text(rows, row, "day");
		int64_t variant = pg_number(rows, row, "variant", -1), before = 0, after = 0;
		struct experiment_day *at;

		if (variant < 0 || variant >= result->count)
			continue;
		before = result->outcomes[variant].counted.customers;
		row_add(&result->outcomes[variant], rows, row, result->validated);
		after = result->outcomes[variant].counted.customers;
		if (after == before)
			continue;
		if (!result->day_count || strcmp(result->days[result->day_count - 1].day, day) != 0)
			result->days[result->day_count++].day = day;
		at = &result->days[result->day_count - 1];
		for (int i = 0; i < result->count; i++)
			at->counted[i] = result->outcomes[i].counted;
	}
	for (int i = 0; i < result->day_count; i++)
		for (int variant = 1; variant < result->count; variant++)
			result->days[i].against[variant] = compare(result, result->days[i].counted, variant);
}

static void judge(struct experiment_result *result)
{
	const struct arm *control = &result->outcomes[0].counted;
	struct arm counted[EXPERIMENT_VARIANTS];
	double total = 0, weights = 0, squares = 0;

	for (int i = 0; i < result->count; i++) {
		counted[i] = result->outcomes[i].counted;
		total += (double)result->outcomes[i].customers;
		weights += (double)json_int(json_object_array_get_idx(result->variants, (size_t)i), "weight", 0);
	}
	for (int i = 0; i < result->count; i++) {
		double wanted = total * (double)json_int(json_object_array_get_idx(result->variants, (size_t)i), "weight", 0) / weights;
		double off = (double)result->outcomes[i].customers - wanted;

		squares += total > 0 ? off * off / wanted : 0;
		result->outcomes[i].against = compare(result, counted, i);
	}
	result->split_p = gsl_cdf_chisq_Q(squares, result->count - 1);
	result->split_bad = result->split_p < SPLIT_ALPHA;
	result->assumed = control->customers < SEQUENTIAL_LEAST;
	result->baseline = result->assumed ? BASELINE_ASSUMED : (double)control->saved / (double)control->customers;
	result->sample = sequential_sample(result->baseline, result->effect, result->alpha, SEQUENTIAL_POWER);
}

enum err experiment_result(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, const char *id,
	struct experiment_result *result_out)
{
	struct experiment_result *result = result_out;
	const char *basis, *variants;
	PGresult *rows;

	*result = (struct experiment_result){0};
	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_GET, PARAMS(org_id, id), &result->experiment));
	if (PQntuples(result->experiment) == 0)
		return fail(ctx, ERR_NOT_FOUND, "There is no such experiment");
	basis = pg_text(result->experiment, 0, "basis");
	variants = pg_text(result->experiment, 0, "variants");
	TRY(json_read(ctx, variants, strlen(variants), JSON_DEPTH, &result->variants));
	result->count = (int)json_object_array_length(result->variants);
	result->validated = strcmp(basis, "validated") == 0;
	result->effect = (double)pg_number(result->experiment, 0, "minimum_effect", 0) / 100;
	result->alpha = SEQUENTIAL_ALPHA / (result->count - 1);
	TRY(pg_run(lease, &SQL_RETENTION_EXPERIMENT_DAYS, PARAMS(org_id, pg_bool(live), id, basis), &rows));
	days_add(ctx, result, rows);
	judge(result);
	return pg_run(lease, &SQL_RETENTION_EXPERIMENT_REVENUE, PARAMS(org_id, pg_bool(live), id), &result->revenue);
}

const char *experiment_verdict(const struct experiment_result *result, int variant)
{
	const struct comparison *against = &result->outcomes[variant].against;

	if (variant == 0)
		return "control";
	if (!against->enough)
		return "early";
	return against->verdict == 0 ? "open" : against->verdict > 0 ? "better" : "worse";
}

/* --- as JSON --- */

static void number(struct json_object *object, const char *name, double value)
{
	char text[32];

	snprintf(text, sizeof text, "%.6g", value);
	json_object_object_add(object, name, json_object_new_double_s(value, text));
}

static void count(struct json_object *object, const char *name, int64_t value)
{
	json_object_object_add(object, name, json_object_new_int64(value));
}

static void share(struct json_object *object, const char *name, struct arm arm)
{
	if (arm.customers)
		number(object, name, (double)arm.saved / (double)arm.customers);
	else
		json_object_object_add(object, name, NULL);
}

/* Nothing is said before there are enough. */
static void comparison_add(struct json_object *object, const struct experiment_result *result, const struct comparison *against,
	struct arm control)
{
	if (!against->enough)
		return;
	number(object, "difference", against->difference);
	number(object, "low", against->low);
	number(object, "high", against->high);
	number(object, "p", against->p);
	if (control.saved)
		number(object, "lift", against->difference * (double)control.customers / (double)control.saved);
	json_object_object_add(object, "significant", json_object_new_boolean(against->p <= result->alpha));
}

static struct json_object *revenue_json(const struct experiment_result *result, int variant)
{
	struct json_object *list = json_object_new_array();

	for (int row = 0; row < PQntuples(result->revenue); row++) {
		struct json_object *item;
		int64_t net = pg_number(result->revenue, row, "net_minor", 0);

		if (pg_number(result->revenue, row, "variant", -1) != variant)
			continue;
		item = json_object_new_object();
		json_object_object_add(item, "currency", json_object_new_string(pg_text(result->revenue, row, "currency")));
		count(item, "netMinor", net);
		number(item, "perCustomerMinor", (double)net / (double)result->outcomes[variant].customers);
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *variant_json(const struct experiment_result *result, int variant)
{
	const struct experiment_outcome *outcome = &result->outcomes[variant];
	struct json_object *object = json_object_new_object();

	count(object, "position", variant);
	count(object, "sessions", outcome->sessions);
	count(object, "customers", outcome->customers);
	count(object, "accepted", outcome->accepted);
	count(object, "rawCustomers", outcome->raw.customers);
	count(object, "rawStayed", outcome->raw.saved);
	share(object, "rawRate", outcome->raw);
	count(object, "validatedCustomers", outcome->validated.customers);
	count(object, "validatedStayed", outcome->validated.saved);
	share(object, "validatedRate", outcome->validated);
	count(object, "waiting", outcome->waiting);
	count(object, "unknown", outcome->unknown);
	json_object_object_add(object, "verdict", json_object_new_string(experiment_verdict(result, variant)));
	comparison_add(object, result, &outcome->against, result->outcomes[0].counted);
	json_object_object_add(object, "revenue", revenue_json(result, variant));
	return object;
}

static struct json_object *day_json(const struct experiment_result *result, const struct experiment_day *day)
{
	struct json_object *object = json_object_new_object(), *list = json_object_new_array();

	json_object_object_add(object, "day", json_object_new_string(day->day));
	json_object_object_add(object, "variants", list);
	for (int i = 0; i < result->count; i++) {
		struct json_object *item = json_object_new_object();

		count(item, "customers", day->counted[i].customers);
		count(item, "stayed", day->counted[i].saved);
		comparison_add(item, result, &day->against[i], day->counted[0]);
		json_object_array_add(list, item);
	}
	return object;
}

struct json_object *experiment_result_json(struct ctx *ctx, const struct experiment_result *result)
{
	struct json_object *object = json_own(ctx, json_object_new_object()), *variants = json_object_new_array(), *days = json_object_new_array();

	json_object_object_add(object, "basis", json_object_new_string(result->validated ? "validated" : "raw"));
	number(object, "minimumEffect", result->effect);
	number(object, "alpha", result->alpha);
	number(object, "power", SEQUENTIAL_POWER);
	count(object, "sample", result->sample);
	number(object, "baseline", result->baseline);
	json_object_object_add(object, "baselineAssumed", json_object_new_boolean(result->assumed));
	number(object, "splitP", result->split_p);
	json_object_object_add(object, "splitSuspicious", json_object_new_boolean(result->split_bad));
	for (int i = 0; i < result->count; i++)
		json_object_array_add(variants, variant_json(result, i));
	for (int i = 0; i < result->day_count; i++)
		json_object_array_add(days, day_json(result, &result->days[i]));
	json_object_object_add(object, "variants", variants);
	json_object_object_add(object, "days", days);
	return object;
}
