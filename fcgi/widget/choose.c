#include "widget/choose.h"

#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define CHOICE_LIFE_MS 300000 /* document 003 §4: flow data for 5 minutes */
#define STEPS_LOCAL_MS 60000

/* The cached list of active flows is FLOW_TEXTS texts a flow, each ended by NUL, best ranked first. */
enum { FLOW_ID, FLOW_VERSION, FLOW_LANGUAGE, FLOW_SEGMENT, FLOW_PLAN, FLOW_REGION, FLOW_CANCEL_AT, FLOW_TEXTS };

static enum err flows_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	static const char *const columns[FLOW_TEXTS] = {"id", "version", "language", "segment", "plan", "region", "cancel_at"};
	const void *const *given = argument;
	const struct house *house = given[0];
	struct buffer text = {0};
	PGresult *result;

	TRY(pg_query(ctx, house->pool, &SQL_WIDGET_FLOWS_ACTIVE, PARAMS(given[1]), &result));
	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0; column < FLOW_TEXTS; column++) {
			const char *value = pg_text(result, row, columns[column]);

			buffer_add(&text, value, strlen(value) + 1);
		}
	value_out->data = arena_memdup(&ctx->arena, text.data, text.length);
	value_out->length = text.length;
	buffer_free(&text);
	return OK;
}

struct wish { const char *language, *segment, *plan, *region; };

/* 1: named and fits, 0: not named, -1: asks for another. */
static int target_fit(const char *target, const char *value)
{
	if (!*target)
		return 0;
	return value && strcmp(target, value) == 0 ? 1 : -1;
}

static int language_fit(const char *language, const char *wish)
{
	if (strcmp(language, wish) == 0)
		return 2;
	return strcmp(language, "en") == 0;
}

/* Language first, then how many targets are named; -1: not for this customer. */
static int flow_fit(const char *const texts[FLOW_TEXTS], const struct wish *wish)
{
	int segment = target_fit(texts[FLOW_SEGMENT], wish->segment);
	int plan = target_fit(texts[FLOW_PLAN], wish->plan);
	int region = target_fit(texts[FLOW_REGION], wish->region);

	if (segment < 0 || plan < 0 || region < 0)
		return -1;
	return language_fit(texts[FLOW_LANGUAGE], wish->language) * 4 + segment + plan + region;
}

enum err flow_choose(struct ctx *ctx, const struct house *house, const char *org_id, const char *language,
	enum segment segment, const char *plan, const char *region, struct flow_choice *choice_out)
{
	const struct wish wish = {language, segment_text(segment), plan, region};
	const struct cache_plan cache = {.space = "flows", .key = org_id, .tags = {flows_tag(ctx, org_id)},
		.life_ms = CHOICE_LIFE_MS};
	const void *argument[] = {house, org_id};
	const char *texts[FLOW_TEXTS];
	struct cached list;
	int best = -1;

	TRY(cache_fetch(ctx, house->cache, &cache, flows_load, argument, &list));
	for (const char *at = list.data, *end = list.data + list.length; at < end;) {
		for (int i = 0; i < FLOW_TEXTS; i++, at += strlen(at) + 1)
			texts[i] = at;
		int fit = flow_fit(texts, &wish);

		if (fit > best) {
			best = fit;
			*choice_out = (struct flow_choice){texts[FLOW_ID], texts[FLOW_VERSION], texts[FLOW_LANGUAGE],
				strcmp(texts[FLOW_CANCEL_AT], "stripe") == 0};
		}
	}
	return best < 0 ? fail(ctx, ERR_NOT_FOUND, "No active flow fits this customer") : OK;
}

void flow_step_write(struct buffer *out, struct json_object *step, int index)
{
	buffer_text(out, "{\"index\":");
	buffer_int(out, index);
	json_object_object_foreach(step, name, value) {
		buffer_char(out, ',');
		buffer_json(out, name, strlen(name));
		buffer_char(out, ':');
		json_write(out, value);
	}
	if (!json_object_object_get_ex(step, "config", NULL))
		buffer_text(out, ",\"config\":{}");
	buffer_char(out, '}');
}

struct render { const struct house *house; const char *org_id; const struct flow_choice *choice; enum segment segment; bool repeated; };

/* The cached text is the order, NUL, then the steps. */
static enum err steps_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct render *render = argument;
	struct json_object *steps;
	struct buffer text = {0};
	int order[FLOW_STEPS], count;
	PGresult *result;
	const char *stored;

	TRY(pg_query(ctx, render->house->pool, &SQL_WIDGET_FLOW_STEPS,
		PARAMS(render->org_id, render->choice->flow_id, render->choice->version), &result));
	if (PQntuples(result) == 0)
		return fail(ctx, ERR_NOT_FOUND, "The flow is not there any more");
	stored = pg_text(result, 0, "steps");
	TRY(json_read(ctx, stored, strlen(stored), JSON_DEPTH, &steps));
	count = flow_order(steps, render->segment, render->repeated ? 2 : 1, order);
	for (int i = 0; i < count; i++)
		buffer_printf(&text, "%s%d", i ? "," : "", order[i]);
	buffer_char(&text, '\0');
	for (int i = 0; i < count; i++) {
		buffer_char(&text, i ? ',' : '[');
		flow_step_write(&text, json_object_array_get_idx(steps, (size_t)order[i]), order[i]);
	}
	buffer_char(&text, ']');
	value_out->data = arena_memdup(&ctx->arena, text.data, text.length);
	value_out->length = text.length;
	buffer_free(&text);
	return OK;
}

enum err flow_render(struct ctx *ctx, const struct house *house, const char *org_id, const struct flow_choice *choice,
	enum segment segment, bool repeated, const char **order_out, const char **steps_out, size_t *steps_length_out)
{
	struct render render = {house, org_id, choice, segment, repeated};
	/* A version never changes, so this needs no tag. */
	const struct cache_plan cache = {.space = "steps",
		.key = arena_printf(&ctx->arena, "%s:%s:%s:%d%d", org_id, choice->flow_id, choice->version, segment, repeated),
		.life_ms = CHOICE_LIFE_MS, .local_ms = STEPS_LOCAL_MS};
	struct cached value;
	size_t order_length;

	TRY(cache_fetch(ctx, house->cache, &cache, steps_load, &render, &value));
	order_length = strlen(value.data) + 1;
	*order_out = value.data;
	*steps_out = value.data + order_length;
	*steps_length_out = value.length - order_length;
	return OK;
}
