#include "widget/choose.h"

#include "base/clock.h"
#include "retention/branding.h"
#include "retention/flow.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define CHOICE_LIFE_MS 300000 /* document 003 §4: flow data for 5 minutes */
#define STEPS_LOCAL_MS 60000

static void text_add(struct buffer *out, const char *text)
{
	buffer_add(out, text, strlen(text) + 1);
}

static void texts_keep(struct ctx *ctx, struct buffer *text, struct cached *value_out)
{
	value_out->data = arena_memdup(&ctx->arena, text->data ? text->data : "", text->length);
	value_out->length = text->length;
	buffer_free(text);
}

/* --- the flow --- */

/* The cached list of active flows is FLOW_TEXTS texts a flow, each ended by NUL, best ranked first. */
enum { FLOW_ID, FLOW_VERSION, FLOW_LANGUAGE, FLOW_LANGUAGES, FLOW_SEGMENT, FLOW_PLAN, FLOW_REGION, FLOW_CONDITION, FLOW_CANCEL_AT,
	FLOW_POLICY, FLOW_FROM, FLOW_UNTIL, FLOW_TEXTS };

static enum err flows_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	static const char *const columns[FLOW_TEXTS] = {"id", "version", "language", "languages", "segment", "plan", "region", "condition",
		"cancel_at", "offer_policy", "active_from", "active_until"};
	const struct visit *visit = argument;
	struct buffer text = {0};
	PGresult *result;

	TRY(pg_query(ctx, visit->house->pool, &SQL_WIDGET_FLOWS_ACTIVE, PARAMS(visit->org_id), &result));
	for (int row = 0; row < PQntuples(result); row++)
		for (int column = 0; column < FLOW_TEXTS; column++)
			text_add(&text, pg_text(result, row, columns[column]));
	texts_keep(ctx, &text, value_out);
	return OK;
}

/* 1: named and fits, 0: not named, -1: asks for another. */
static int target_fit(const char *target, const char *value)
{
	if (!*target)
		return 0;
	return value && strcmp(target, value) == 0 ? 1 : -1;
}

static int condition_fit(const struct visit *visit, const char *text)
{
	struct json_object *condition;

	if (!*text)
		return 0;
	if (json_read(visit->ctx, text, strlen(text), JSON_DEPTH, &condition) != OK) {
		ctx_forgive(visit->ctx);
		return -1;
	}
	return condition_reduce(visit->ctx, condition, &visit->customer.facts, NULL) == TRUTH_TRUE ? 1 : -1;
}

/* languages is "de,en". */
static int language_fit(const char *languages, const char *wish)
{
	bool english = false;

	for (; *languages; languages += 2 + (languages[2] == ',')) {
		if (strncmp(languages, wish, 2) == 0)
			return 2;
		english |= strncmp(languages, "en", 2) == 0;
	}
	return english;
}

static bool runs_now(const char *const texts[FLOW_TEXTS])
{
	int64_t now_s = clock_wall_s();

	return (!*texts[FLOW_FROM] || strtoll(texts[FLOW_FROM], NULL, 10) <= now_s) &&
	       (!*texts[FLOW_UNTIL] || strtoll(texts[FLOW_UNTIL], NULL, 10) > now_s);
}

/* Language first, then how many targets are named; -1: not for this customer. */
static int flow_fit(const struct visit *visit, const char *const texts[FLOW_TEXTS])
{
	int fits[] = {target_fit(texts[FLOW_SEGMENT], segment_text(visit->segment)), target_fit(texts[FLOW_PLAN], visit->customer.facts.plan),
		target_fit(texts[FLOW_REGION], visit->customer.facts.region), 0};
	int named = 0;

	if (fits[0] < 0 || fits[1] < 0 || fits[2] < 0 || !runs_now(texts))
		return -1;
	fits[3] = condition_fit(visit, texts[FLOW_CONDITION]);
	if (fits[3] < 0)
		return -1;
	for (int i = 0; i < 4; i++)
		named += fits[i];
	return language_fit(texts[FLOW_LANGUAGES], visit->language) * 5 + named;
}

static bool policy_adaptive(const struct visit *visit, const char *policy)
{
	return *policy ? strcmp(policy, "adaptive") == 0 : visit->settings.adaptive;
}

enum err flow_choose(const struct visit *visit, struct flow_choice *choice_out)
{
	const struct cache_plan cache = {.space = "flows", .key = visit->org_id, .tags = {flows_tag(visit->ctx, visit->org_id)},
		.life_ms = CHOICE_LIFE_MS};
	struct visit argument = *visit;
	const char *texts[FLOW_TEXTS];
	struct cached list;
	int best = -1;

	TRY(cache_fetch(visit->ctx, visit->house->cache, &cache, flows_load, &argument, &list));
	for (const char *at = list.data, *end = list.data + list.length; at < end;) {
		for (int i = 0; i < FLOW_TEXTS; i++, at += strlen(at) + 1)
			texts[i] = at;
		int fit = flow_fit(visit, texts);

		if (fit > best) {
			best = fit;
			*choice_out = (struct flow_choice){texts[FLOW_ID], texts[FLOW_VERSION], texts[FLOW_LANGUAGE],
				strcmp(texts[FLOW_CANCEL_AT], "stripe") == 0, policy_adaptive(visit, texts[FLOW_POLICY])};
		}
	}
	return best < 0 ? fail(visit->ctx, ERR_NOT_FOUND, "No active flow fits this customer") : OK;
}

/* --- its steps --- */

/* The cached text is the language, then STEP_TEXTS texts a step in the documented order, each ended by NUL. */
enum { SHOWN_INDEX, SHOWN_TYPE, SHOWN_CURRENCY, SHOWN_PRICE, SHOWN_AMOUNT, SHOWN_WHEN, SHOWN_JSON, SHOWN_TEXTS };

static enum err theme_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct visit *visit = argument;
	struct branding branding;
	bool own;
	const char *theme;

	TRY(branding_get(ctx, visit->house->pool, visit->org_id, &branding, &own));
	theme = own ? branding_theme(ctx, &branding) : "null";
	*value_out = (struct cached){.data = theme, .length = strlen(theme) + 1};
	return OK;
}

enum err theme_fetch(const struct visit *visit, const char **theme_out)
{
	const struct cache_plan cache = {.space = "theme", .key = visit->org_id, .tags = {flows_tag(visit->ctx, visit->org_id)},
		.life_ms = CHOICE_LIFE_MS};
	struct visit argument = *visit;
	struct cached theme;

	TRY(cache_fetch(visit->ctx, visit->house->cache, &cache, theme_load, &argument, &theme));
	*theme_out = theme.data;
	return OK;
}

void flow_step_write(struct buffer *out, struct json_object *step, int index)
{
	buffer_text(out, "{\"index\":");
	buffer_int(out, index);
	json_object_object_foreach(step, name, value) {
		if (strcmp(name, "when") == 0)
			continue;
		buffer_char(out, ',');
		buffer_json(out, name, strlen(name));
		buffer_char(out, ':');
		json_write(out, value);
	}
	if (!json_object_object_get_ex(step, "config", NULL))
		buffer_text(out, ",\"config\":{}");
}

struct render { const struct visit *visit; const struct flow_choice *choice; };

static struct json_object *step_config(struct json_object *step)
{
	struct json_object *config = NULL;

	json_object_object_get_ex(step, "config", &config);
	return config;
}

/* What the mirror says of the prices and coupons that the steps name: their currency and amount. */
static enum err money_load(struct ctx *ctx, const struct visit *visit, struct json_object *steps, PGresult **result_out)
{
	const char *refs[2 * FLOW_STEPS];
	int count = 0;

	for (size_t i = 0; i < json_object_array_length(steps) && i < FLOW_STEPS; i++) {
		struct json_object *config = step_config(json_object_array_get_idx(steps, i));
		const char *price = json_text(config, "price", NULL), *coupon = json_text(config, "coupon", NULL);

		if (price)
			refs[count++] = price;
		if (coupon)
			refs[count++] = coupon;
	}
	return pg_query(ctx, visit->house->pool, &SQL_WIDGET_MONEY,
		PARAMS(visit->org_id, pg_bool(visit->live), pg_array(ctx, refs, count)), result_out);
}

/* The step's own words first, then the mirror's. */
static void money_write(struct ctx *ctx, struct buffer *out, struct json_object *step, const PGresult *money)
{
	struct json_object *config = step_config(step);
	const char *price = json_text(config, "price", ""), *coupon = json_text(config, "coupon", "");
	const char *currency = json_text(config, "currency", ""), *amount = "";

	for (int row = 0; row < PQntuples(money); row++) {
		const char *ref = pg_text(money, row, "ref");

		if (strcmp(ref, price) != 0 && strcmp(ref, coupon) != 0)
			continue;
		if (!*currency)
			currency = pg_text(money, row, "currency");
		if (strcmp(ref, price) == 0 && pg_text(money, row, "amount_minor"))
			amount = pg_text(money, row, "amount_minor");
	}
	text_add(out, currency);
	text_add(out, price);
	text_add(out, *amount ? amount : pg_int(ctx, json_int(config, "amountMinor", 0)));
}

static void step_keep(struct ctx *ctx, struct buffer *text, struct json_object *step, int index, const PGresult *money)
{
	struct json_object *when = NULL;

	text_add(text, pg_int(ctx, index));
	text_add(text, json_text(step, "type", ""));
	money_write(ctx, text, step, money);
	if (json_object_object_get_ex(step, "when", &when))
		json_write(text, when);
	buffer_char(text, '\0');
	flow_step_write(text, step, index);
	buffer_char(text, '\0');
}

static enum err steps_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct render *render = argument;
	const struct visit *visit = render->visit;
	const char *own = render->choice->language, *stored;
	struct json_object *steps;
	struct buffer text = {0};
	int order[FLOW_STEPS], count;
	PGresult *result, *money;

	TRY(pg_query(ctx, visit->house->pool, &SQL_WIDGET_FLOW_STEPS,
		PARAMS(visit->org_id, render->choice->flow_id, render->choice->version), &result));
	if (PQntuples(result) == 0)
		return fail(ctx, ERR_NOT_FOUND, "The flow is not there any more");
	stored = pg_text(result, 0, "steps");
	TRY(json_read(ctx, stored, strlen(stored), JSON_DEPTH, &steps));
	TRY(money_load(ctx, visit, steps, &money));
	text_add(&text, flow_speaks(ctx, steps, own, visit->language) ? visit->language : own);
	steps = flow_localise(ctx, steps, own, visit->language);
	count = flow_order(steps, visit->segment, visit->customer.facts.attempts, order);
	for (int i = 0; i < count; i++)
		step_keep(ctx, &text, json_object_array_get_idx(steps, (size_t)order[i]), order[i], money);
	texts_keep(ctx, &text, value_out);
	return OK;
}

/* Steps on their way to the customer. */
struct shown {
	const char *texts[FLOW_STEPS][SHOWN_TEXTS];
	enum step_type types[FLOW_STEPS];
	const char *when[FLOW_STEPS]; /* what is left of it, or NULL */
	int count;
};

static enum err step_judge(const struct visit *visit, const char *const texts[SHOWN_TEXTS], enum step_type type, const char **when_out,
	bool *shown_out)
{
	const struct offer offer = {type, *texts[SHOWN_CURRENCY] ? texts[SHOWN_CURRENCY] : NULL,
		*texts[SHOWN_PRICE] ? texts[SHOWN_PRICE] : NULL, strtoll(texts[SHOWN_AMOUNT], NULL, 10)};
	struct json_object *when, *rest;
	enum truth truth;

	*when_out = NULL;
	*shown_out = !step_is_offer(type) || offer_eligible(&visit->settings.rules, &visit->customer, &offer, clock_wall_s()) == ELIGIBLE;
	if (!*shown_out || !*texts[SHOWN_WHEN])
		return OK;
	TRY(json_read(visit->ctx, texts[SHOWN_WHEN], strlen(texts[SHOWN_WHEN]), JSON_DEPTH, &when));
	truth = condition_reduce(visit->ctx, when, &visit->customer.facts, &rest);
	*shown_out = truth != TRUTH_FALSE;
	if (truth == TRUTH_OPEN)
		*when_out = arena_strdup(&visit->ctx->arena, json_object_to_json_string_ext(rest, JSON_C_TO_STRING_PLAIN));
	return OK;
}

static enum err steps_judge(const struct visit *visit, const struct cached *value, bool holdout, struct shown *shown)
{
	const char *at = value->data + strlen(value->data) + 1, *end = value->data + value->length;

	while (at < end && shown->count < FLOW_STEPS) {
		const char **texts = shown->texts[shown->count];
		enum step_type type;
		bool keep;

		for (int i = 0; i < SHOWN_TEXTS; i++, at += strlen(at) + 1)
			texts[i] = at;
		if (!step_parse(texts[SHOWN_TYPE], &type) || (holdout && step_is_offer(type)))
			continue;
		TRY(step_judge(visit, texts, type, &shown->when[shown->count], &keep));
		if (keep)
			shown->types[shown->count++] = type;
	}
	return OK;
}

/* Puts the offers into the order that is drawn for this session; they stand together. */
static enum err offers_draw(const struct visit *visit, struct shown *shown)
{
	struct shown before = *shown;
	struct offer_counts counts;
	int order[FLOW_STEPS], first = 0, count = 0;

	while (first < shown->count && !step_is_offer(shown->types[first]))
		first++;
	while (first + count < shown->count && step_is_offer(shown->types[first + count]))
		count++;
	TRY(offer_counts_load(visit->ctx, visit->house, visit->org_id, visit->live, &counts));
	adaptive_order(counts.of[visit->segment], shown->types + first, count, visit->settings.floor, adaptive_seed(visit->session_id), order);
	for (int i = 0; i < count; i++) {
		int from = first + order[i], to = first + i;

		memcpy(shown->texts[to], before.texts[from], sizeof shown->texts[to]);
		shown->types[to] = before.types[from];
		shown->when[to] = before.when[from];
	}
	return OK;
}

static void steps_write(struct ctx *ctx, const struct shown *shown, struct flow_shown *shown_out)
{
	struct buffer order = {0}, steps = {0};

	buffer_char(&steps, '[');
	for (int i = 0; i < shown->count; i++) {
		if (i) {
			buffer_char(&order, ',');
			buffer_char(&steps, ',');
		}
		buffer_text(&order, shown->texts[i][SHOWN_INDEX]);
		buffer_text(&steps, shown->texts[i][SHOWN_JSON]);
		if (shown->when[i]) {
			buffer_text(&steps, ",\"when\":");
			buffer_text(&steps, shown->when[i]);
		}
		buffer_char(&steps, '}');
	}
	buffer_char(&steps, ']');
	shown_out->order = arena_memdup(&ctx->arena, order.data ? order.data : "", order.length);
	shown_out->steps = arena_memdup(&ctx->arena, steps.data, steps.length);
	shown_out->steps_length = steps.length;
	buffer_free(&order);
	buffer_free(&steps);
}

enum err flow_render(const struct visit *visit, const struct flow_choice *choice, bool holdout, struct flow_shown *shown_out)
{
	struct ctx *ctx = visit->ctx;
	struct render render = {visit, choice};
	/* A version never changes, so this needs no tag. */
	const struct cache_plan cache = {.space = "steps",
		.key = arena_printf(&ctx->arena, "%s:%s:%s:%s%c%d%d", visit->org_id, choice->flow_id, choice->version, visit->language,
			visit->live ? '+' : '-', visit->segment, visit->customer.facts.attempts > 1),
		.life_ms = CHOICE_LIFE_MS, .local_ms = STEPS_LOCAL_MS};
	struct shown *shown = arena_alloc(&ctx->arena, sizeof *shown);
	struct cached value;

	TRY(cache_fetch(ctx, visit->house->cache, &cache, steps_load, &render, &value));
	shown_out->language = value.data;
	TRY(steps_judge(visit, &value, holdout, shown));
	if (choice->adaptive && !holdout)
		TRY(offers_draw(visit, shown));
	steps_write(ctx, shown, shown_out);
	return OK;
}
