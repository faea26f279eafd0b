#include "retention/experiment.h"

#include "retention/condition.h"
#include "retention/retention.h"
#include "sql.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>

#define RUNNING_LIFE_MS 300000 /* document 003 §4: flow data for 5 minutes */

double experiment_point(const char *experiment_id, const char *customer_ref)
{
	struct buffer text = {0};
	uint8_t hash[32];
	uint64_t bits = 0;

	buffer_printf(&text, "%s\n%s", experiment_id, customer_ref);
	sha256(text.data, text.length, hash);
	buffer_free(&text);
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | hash[i];
	return (double)(bits >> 11) / 9007199254740992.0;
}

int experiment_variant(const int weights[], int count, double point)
{
	int64_t total = 0, sum = 0;

	for (int i = 0; i < count; i++)
		total += weights[i];
	for (int i = 0; i < count - 1; i++) {
		sum += weights[i];
		if (point < (double)sum / (double)total)
			return i;
	}
	return count - 1;
}

/* The cached list of running experiments is RUN_TEXTS texts a variant, each ended by NUL. */
enum { RUN_ID, RUN_FLOW, RUN_CONDITION, RUN_KIND, RUN_WEIGHT, RUN_SHOWN, RUN_VERSION, RUN_LANGUAGE, RUN_CANCEL_AT, RUN_STATUS, RUN_TEXTS };

static enum err running_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	static const char *const columns[RUN_TEXTS] = {"id", "flow_id", "condition", "kind", "weight", "shown", "version", "language",
		"cancel_at", "status"};
	const void *const *given = argument;
	const struct house *house = given[0];
	struct buffer text = {0};
	PGresult *result;

	TRY(pg_query(ctx, house->pool, &SQL_RETENTION_EXPERIMENTS_RUNNING, PARAMS(given[1]), &result));
	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0; column < RUN_TEXTS; column++) {
			const char *value = pg_text(result, row, columns[column]);

			buffer_add(&text, value, strlen(value) + 1);
		}
	value_out->data = arena_memdup(&ctx->arena, text.data ? text.data : "", text.length);
	value_out->length = text.length;
	buffer_free(&text);
	return OK;
}

struct running {
	const char *texts[EXPERIMENT_VARIANTS][RUN_TEXTS];
	int weights[EXPERIMENT_VARIANTS], count;
};

/* The next experiment of the list; false at its end. */
static bool running_next(const char **at, const char *end, struct running *running)
{
	running->count = 0;
	while (*at < end && running->count < EXPERIMENT_VARIANTS && (running->count == 0 || strcmp(*at, running->texts[0][RUN_ID]) == 0)) {
		const char **texts = running->texts[running->count];

		for (int i = 0; i < RUN_TEXTS; i++, *at += strlen(*at) + 1)
			texts[i] = *at;
		running->weights[running->count++] = (int)strtol(texts[RUN_WEIGHT], NULL, 10);
	}
	return running->count > 0;
}

static enum err running_fits(struct ctx *ctx, const struct running *running, const struct facts *facts, bool *fits_out)
{
	const char *text = running->texts[0][RUN_CONDITION];
	struct json_object *condition = NULL;

	if (*text)
		TRY(json_read(ctx, text, strlen(text), JSON_DEPTH, &condition));
	*fits_out = condition_reduce(ctx, condition, facts, NULL) == TRUTH_TRUE;
	return OK;
}

static struct experiment_choice running_choose(const struct running *running, const char *customer_ref)
{
	const char *id = running->texts[0][RUN_ID];
	int variant = experiment_variant(running->weights, running->count, experiment_point(id, customer_ref));
	const char *const *texts = running->texts[variant];

	/* Its flow has been archived: who would see it sees the control, and is not counted. */
	if (strcmp(texts[RUN_STATUS], "archived") == 0)
		return (struct experiment_choice){0};
	return (struct experiment_choice){.experiment_id = id, .variant = variant, .holdout = strcmp(texts[RUN_KIND], "holdout") == 0,
		.flow_id = *texts[RUN_SHOWN] ? texts[RUN_SHOWN] : NULL, .version = texts[RUN_VERSION], .language = texts[RUN_LANGUAGE],
		.cancel_at_stripe = strcmp(texts[RUN_CANCEL_AT], "stripe") == 0};
}

enum err experiment_choose(struct ctx *ctx, const struct house *house, const char *org_id, const char *flow_id,
	const struct facts *facts, const char *customer_ref, struct experiment_choice *choice_out)
{
	const struct cache_plan plan = {.space = "experiments", .key = org_id, .tags = {flows_tag(ctx, org_id)},
		.life_ms = RUNNING_LIFE_MS};
	const void *argument[] = {house, org_id};
	struct running running;
	struct cached list;
	const char *at, *end;
	bool fits;

	*choice_out = (struct experiment_choice){0};
	TRY(cache_fetch(ctx, house->cache, &plan, running_load, argument, &list));
	at = list.data;
	end = list.data + list.length;
	while (running_next(&at, end, &running)) {
		if (strcmp(running.texts[0][RUN_FLOW], flow_id) != 0)
			continue;
		TRY(running_fits(ctx, &running, facts, &fits));
		if (!fits)
			continue;
		*choice_out = running_choose(&running, customer_ref);
		return OK;
	}
	return OK;
}
