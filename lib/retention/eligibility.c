#include "retention/eligibility.h"

#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400
#define SETTINGS_LIFE_MS 300000 /* document 003 §4: flow data for 5 minutes */

const struct offer_rules OFFER_RULES = {.of = {
	[STEP_DISCOUNT] = {true, 1, 365, 90, false},
	[STEP_PAUSE] = {true, 2, 365, 30, true},
	[STEP_DOWNGRADE] = {true, 0, 365, 0, true},
	[STEP_EXTENSION] = {true, 1, 365, 90, true},
	[STEP_SUPPORT] = {true, 0, 365, 0, true},
}};

static enum err rules_read(struct ctx *ctx, struct pool *pool, const char *org_id, struct offer_settings *settings)
{
	PGresult *result;

	TRY(pg_query(ctx, pool, &SQL_RETENTION_OFFER_RULES, PARAMS(org_id), &result));
	for (int row = 0; row < PQntuples(result); row++) {
		const char *offer = pg_text(result, row, "offer_type");
		enum step_type type;

		if (offer && step_parse(offer, &type))
			settings->rules.of[type] = (struct offer_rule){pg_true(result, row, "enabled"),
				(int)pg_number(result, row, "accepted_most", 0), (int)pg_number(result, row, "period_days", 365),
				(int)pg_number(result, row, "cooldown_days", 0), pg_true(result, row, "discounted")};
	}
	if (pg_text(result, 0, "policy")) {
		settings->adaptive = strcmp(pg_text(result, 0, "policy"), "adaptive") == 0;
		settings->floor = (int)pg_number(result, 0, "floor", OFFER_FLOOR);
	}
	return OK;
}

static enum err settings_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const void *const *given = argument;
	const struct house *house = given[0];
	struct offer_settings settings = {OFFER_RULES, false, OFFER_FLOOR};

	TRY(rules_read(ctx, house->pool, given[1], &settings));
	value_out->data = arena_memdup(&ctx->arena, &settings, sizeof settings);
	value_out->length = sizeof settings;
	return OK;
}

enum err offer_settings_load(struct ctx *ctx, const struct house *house, const char *org_id, struct offer_settings *settings_out)
{
	const struct cache_plan plan = {.space = "offers", .key = org_id, .tags = {flows_tag(ctx, org_id)}, .life_ms = SETTINGS_LIFE_MS};
	const void *argument[] = {house, org_id};
	struct cached value;

	TRY(cache_fetch(ctx, house->cache, &plan, settings_load, argument, &value));
	if (value.length != sizeof *settings_out)
		return fail(ctx, ERR_INTERNAL, "Cached rules of offers cannot be read");
	memcpy(settings_out, value.data, sizeof *settings_out);
	return OK;
}

/* --- what is known of a customer --- */

enum { STATE_CLICKS, STATE_ACCEPTED, STATE_PLAN, STATE_REGION, STATE_LANGUAGE, STATE_CURRENCY, STATE_VALUE, STATE_TENURE, STATE_STATUS,
	STATE_PERIOD, STATE_PRICE, STATE_AMOUNT, STATE_ITEMS, STATE_DISCOUNTED, STATE_PAUSED, STATE_SCHEDULED, STATE_ATTRIBUTES, STATE_TEXTS };
static const char *const STATE_COLUMNS[STATE_TEXTS] = {"clicks", "accepted", "plan", "region", "language", "currency", "value_minor",
	"tenure", "status", "period", "price_ref", "amount_minor", "items", "discounted", "paused", "scheduled", "attributes"};
#define CLICKS_MOST 9999

static void text_add(struct buffer *out, const char *text)
{
	buffer_add(out, text, strlen(text) + 1);
}

enum err customer_state_fetch(struct ctx *ctx, struct pool *pool, const char *org_id, bool live, const char *customer_ref,
	const char *subscription_ref, struct buffer *out)
{
	PGresult *result;
	char clicks[8];

	TRY(pg_query(ctx, pool, &SQL_RETENTION_CUSTOMER_STATE, PARAMS(org_id, pg_bool(live), customer_ref, subscription_ref), &result));
	int64_t count = pg_number(result, 0, "clicks", 0);

	snprintf(clicks, sizeof clicks, "%04d", (int)(count > CLICKS_MOST ? CLICKS_MOST : count));
	text_add(out, clicks);
	for (int i = STATE_CLICKS + 1; i < STATE_TEXTS; i++) {
		const char *text = pg_text(result, 0, STATE_COLUMNS[i]);

		text_add(out, text && out->length + strlen(text) < CUSTOMER_STATE_BYTES ? text : "");
	}
	return OK;
}

void customer_state_click(char *text)
{
	for (char *digit = text + 3; digit >= text; digit--) {
		if (*digit != '9') {
			(*digit)++;
			return;
		}
		*digit = '0';
	}
	memset(text, '9', 4);
}

/* "discount 1700000000 pause 1690000000" */
static void accepted_read(struct ctx *ctx, const char *text, struct customer_state *state)
{
	int room = 1;

	for (const char *at = text; *at; at++)
		room += *at == ' ';
	state->accepted = arena_array(&ctx->arena, (size_t)room / 2 + 1, sizeof *state->accepted);
	while (*text) {
		size_t length = strcspn(text, " ");
		const char *type = arena_memdup(&ctx->arena, text, length);
		char *end;

		text += length + (text[length] == ' ');
		int64_t at_s = strtoll(text, &end, 10);

		if (end == text)
			return;
		text = end + (*end == ' ');
		if (step_parse(type, &state->accepted[state->accepted_count].offer))
			state->accepted[state->accepted_count++].at_s = at_s;
	}
}

static const char *known(const char *text)
{
	return *text ? text : NULL;
}

bool customer_state_read(struct ctx *ctx, const char *text, size_t bytes, struct customer_state *state_out, const char **attributes_out)
{
	const char *texts[STATE_TEXTS], *at = text;

	for (int i = 0; i < STATE_TEXTS; i++) {
		size_t left = bytes - (size_t)(at - text), length = strnlen(at, left);

		if (length == left)
			return false;
		texts[i] = at;
		at += length + 1;
	}
	*state_out = (struct customer_state){
		.facts = {.plan = known(texts[STATE_PLAN]), .region = known(texts[STATE_REGION]), .language = known(texts[STATE_LANGUAGE]),
			.currency = known(texts[STATE_CURRENCY]), .status = known(texts[STATE_STATUS]), .interval = known(texts[STATE_PERIOD]),
			.value_minor = strtoll(texts[STATE_VALUE], NULL, 10), .attempts = (int)strtol(texts[STATE_CLICKS], NULL, 10),
			.tenure_days = *texts[STATE_TENURE] ? (int)strtol(texts[STATE_TENURE], NULL, 10) : -1,
			.discounted = *texts[STATE_DISCOUNTED] == 't', .paused = *texts[STATE_PAUSED] == 't'},
		.valued = *texts[STATE_VALUE] != '\0', .scheduled = *texts[STATE_SCHEDULED] == 't', .price = known(texts[STATE_PRICE]),
		.amount_minor = strtoll(texts[STATE_AMOUNT], NULL, 10), .items = (int)strtol(texts[STATE_ITEMS], NULL, 10)};
	if (*texts[STATE_ACCEPTED])
		accepted_read(ctx, texts[STATE_ACCEPTED], state_out);
	*attributes_out = known(texts[STATE_ATTRIBUTES]);
	return true;
}

/* --- eligibility --- */

static enum eligible history_judge(const struct offer_rule *rule, const struct customer_state *customer, enum step_type type, int64_t now_s)
{
	int count = 0;

	for (int i = 0; i < customer->accepted_count; i++) {
		const struct accepted *accepted = &customer->accepted[i];

		count += accepted->offer == type && accepted->at_s > now_s - (int64_t)rule->period_days * DAY_S;
		if (rule->accepted_most && count >= rule->accepted_most)
			return ELIGIBLE_MOST;
		/* Help is no gift. */
		if (rule->cooldown_days && step_is_offer(accepted->offer) && accepted->offer != STEP_SUPPORT &&
			accepted->at_s > now_s - (int64_t)rule->cooldown_days * DAY_S)
			return ELIGIBLE_COOLDOWN;
	}
	return ELIGIBLE;
}

/* As change_judge() would answer, for what the mirror shows. */
static enum eligible subscription_judge(const struct offer_rule *rule, const struct customer_state *customer, const struct offer *offer)
{
	const struct facts *facts = &customer->facts;

	if (customer->scheduled)
		return ELIGIBLE_SCHEDULE;
	if (facts->paused)
		return ELIGIBLE_PAUSED;
	if (facts->status && strcmp(facts->status, "active") != 0 && strcmp(facts->status, "trialing") != 0)
		return ELIGIBLE_STATUS;
	if (facts->discounted && !rule->discounted)
		return ELIGIBLE_DISCOUNTED;
	if (offer->currency && facts->currency && strcmp(offer->currency, facts->currency) != 0)
		return ELIGIBLE_CURRENCY;
	if (offer->type != STEP_DOWNGRADE)
		return ELIGIBLE;
	if (customer->items > 1)
		return ELIGIBLE_ITEMS;
	if (customer->price && offer->price && strcmp(customer->price, offer->price) == 0)
		return ELIGIBLE_PRICE;
	if (customer->amount_minor && offer->amount_minor >= customer->amount_minor)
		return ELIGIBLE_PRICE;
	return ELIGIBLE;
}

enum eligible offer_eligible(const struct offer_rules *rules, const struct customer_state *customer, const struct offer *offer, int64_t now_s)
{
	const struct offer_rule *rule = &rules->of[offer->type];
	enum eligible verdict = ELIGIBLE;

	if (!rule->enabled)
		return ELIGIBLE_OFF;
	if (offer->type != STEP_SUPPORT)
		verdict = subscription_judge(rule, customer, offer);
	return verdict == ELIGIBLE ? history_judge(rule, customer, offer->type, now_s) : verdict;
}
