#include "widget/choose.h"
#include "widget/customer.h"
#include "widget/family.h"

#include "base/clock.h"
#include "retention/experiment.h"
#include "retention/privacy.h"
#include "web/budget.h"
#include "sql.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>

#define SIGNING_LIFE_MS 30000
#define VALUE_MOST 1000000000000

struct start_input {
	const char *user_id, *plan, *region, *email, *subscription, *currency, *language, *signature;
	struct json_object *attributes;
	int64_t value;
	bool value_given;
};

#define BODY_TEXT(member, name, ...) INPUT(struct start_input, member, name, IN_BODY, FIELD_TEXT, __VA_ARGS__)

static const struct field START_INPUT[] = {
	BODY_TEXT(user_id, "userId", .required = true, .least = 1, .most = 255, .doc = "the customer, as the host knows them"),
	BODY_TEXT(plan, "plan", .nullable = true, .most = 64, .doc = "the customer's plan"),
	BODY_TEXT(region, "region", .nullable = true, .most = 16, .doc = "the customer's region"),
	INPUT(struct start_input, email, "email", IN_BODY, FIELD_EMAIL, .nullable = true, .doc = "the customer's e-mail address"),
	BODY_TEXT(subscription, "stripeSubscriptionId", .nullable = true, .least = 1, .most = 255, .doc = "sub_… at Stripe"),
	INPUT(struct start_input, value, "subscriptionValue", IN_BODY, FIELD_INT, .least = 0, .most = VALUE_MOST,
		.present = offsetof(struct start_input, value_given), .doc = "minor units a month"),
	BODY_TEXT(currency, "currency", .nullable = true, .least = 3, .most = 3, .doc = "three lower-case letters"),
	BODY_TEXT(language, "language", .nullable = true, .least = 2, .most = 35, .doc = "BCP 47; its first part counts"),
	INPUT(struct start_input, attributes, "attributes", IN_BODY, FIELD_JSON, .nullable = true, .least = 2, .most = ATTRIBUTES_BYTES,
		.doc = "the host's own facts of the customer: up to 20 texts, numbers and booleans; signed as attributes.NAME=value each"),
	BODY_TEXT(signature, "signature", .nullable = true, .least = 1, .most = 1024, .doc = "t=<unix>,v1=<hex>: the host's signature"),
	FIELD_END};

static const struct field START_REPLY[] = {
	REPLY("success", FIELD_BOOL, .required = true, .doc = "true"),
	REPLY("session", FIELD_TEXT, .required = true, .most = 4096, .doc = "the token under which to decide"),
	REPLY("sessionId", FIELD_ID, .required = true, .doc = "the session"),
	REPLY("expiresAt", FIELD_TEXT, .required = true, .doc = "RFC 3339; a decision is accepted until then"),
	REPLY("mode", FIELD_ENUM, .required = true, .choices = "live|test", .doc = "the key's mode"),
	REPLY("flowId", FIELD_ID, .required = true, .doc = "the flow"),
	REPLY("flowVersion", FIELD_INT, .required = true, .doc = "its version"),
	REPLY("language", FIELD_TEXT, .required = true, .doc = "that the steps are in"),
	REPLY("segment", FIELD_ENUM, .required = true, .choices = "trial|low|medium|high", .doc = "by monthly value"),
	REPLY("cancelAt", FIELD_ENUM, .required = true, .choices = "host|stripe", .doc = "who cancels: the host's own control, or Stoa at Stripe"),
	REPLY("cancelNow", FIELD_BOOL, .required = true, .doc = "whether Cancel now stands beside every offer"),
	REPLY("steps", FIELD_JSON, .required = true,
		.doc = "array of the steps for this customer in the order to show; one with `when` only where that holds after the survey; "
			"none: the widget only asks whether to cancel"),
	REPLY("theme", FIELD_JSON, .required = true, .nullable = true, .doc = "how the dialog looks; null: as it comes"),
	FIELD_END};

/* The first part of a language tag in lower case; "en" for what is not two letters. */
static const char *language_part(struct ctx *ctx, const char *tag)
{
	char *part;

	if (!tag || (tag[2] && tag[2] != '-' && tag[2] != '_'))
		return "en";
	part = arena_memdup(&ctx->arena, tag, 2);
	for (int i = 0; i < 2; i++) {
		part[i] = (char)(part[i] | 0x20);
		if (part[i] < 'a' || part[i] > 'z')
			return "en";
	}
	return part;
}

static enum err signing_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct req *req = argument;
	const uint8_t *sealed;
	PGresult *result;
	size_t bytes;

	TRY(pg_query(ctx, req->house.pool, &SQL_WIDGET_SIGNING_GET, PARAMS(req->who.org_id, req->who.key_id), &result));
	if (PQntuples(result) == 0 || !pg_data(ctx, result, 0, "signing_sealed", &sealed, &bytes))
		value_out->absent = true;
	else
		*value_out = (struct cached){.data = (const char *)sealed, .length = bytes};
	return OK;
}

#define SIGNED_FIELDS 8

/* Checks the attributes, and the host's signature over everything that it sent, when there is one or must be one. */
static enum err customer_verify(struct req *req, const struct start_input *input, const char *value)
{
	struct ctx *ctx = &req->ctx;
	const struct cache_plan plan = {.space = "signing", .key = req->who.key_id, .life_ms = SIGNING_LIFE_MS,
		.tags = {arena_printf(&ctx->arena, "org:%s", req->who.org_id)}};
	struct signed_field fields[SIGNED_FIELDS + ATTRIBUTES_MOST] = {{"userId", input->user_id}, {"plan", input->plan}, {"region", input->region},
		{"email", input->email}, {"stripeSubscriptionId", input->subscription}, {"subscriptionValue", value},
		{"currency", input->currency}, {"language", input->language}};
	struct cached sealed;
	const char *secret = NULL;
	size_t bytes;
	int count = SIGNED_FIELDS;

	TRY(attributes_check(req, input->attributes, fields, &count));
	if (!input->signature)
		return req->who.signature_required ? fail_field(ctx, ERR_FORBIDDEN, "signature", "This key requires the host's signature") : OK;
	TRY(cache_fetch(ctx, req->house.cache, &plan, signing_load, req, &sealed));
	if (!sealed.absent)
		TRY(secret_unseal(ctx, req->who.org_id, (const uint8_t *)sealed.data, sealed.length, &secret, &bytes));
	return customer_signature_check(ctx, secret, input->signature, fields, count);
}

static enum err input_check(struct req *req, const struct start_input *input)
{
	if (input->currency && strspn(input->currency, "abcdefghijklmnopqrstuvwxyz") != 3)
		return fail_field(&req->ctx, ERR_INVALID, "currency", "currency must be three lower-case letters");
	return OK;
}

struct started {
	struct visit visit;
	struct customer customer;
	struct flow_choice flow;
	struct flow_shown shown;
	struct experiment_choice experiment;
	const char *theme;
	bool cancel_now;
	char id[ID_TEXT];
	int64_t expires_s;
	const char *value, *currency; /* a month: the host's, else the mirror's */
};

static struct json_object *attributes_merge(struct ctx *ctx, struct json_object *below, struct json_object *above)
{
	struct json_object *merged;

	if (!below || !above)
		return above ? above : below;
	merged = json_own(ctx, json_object_new_object());
	json_object_object_foreach(below, name, value)
		json_object_object_add(merged, name, json_object_get(value));
	json_object_object_foreach(above, own, said)
		json_object_object_add(merged, own, json_object_get(said));
	return merged;
}

/* What the host says goes before what the mirror shows, but for the currency of a subscription. */
static enum err visit_prepare(struct req *req, const struct start_input *input, struct started *started)
{
	struct visit *visit = &started->visit;
	struct facts *facts;

	*visit = (struct visit){.ctx = &req->ctx, .house = &req->house, .org_id = req->who.org_id, .live = req->who.live,
		.language = language_part(&req->ctx, input->language), .session_id = started->id};
	TRY(customer_load(req, input->user_id, input->subscription, &started->customer));
	TRY(offer_settings_load(&req->ctx, &req->house, req->who.org_id, &visit->settings));
	visit->customer = started->customer.state;
	facts = &visit->customer.facts;
	if (input->plan)
		facts->plan = input->plan;
	if (input->region)
		facts->region = input->region;
	if (input->language)
		facts->language = visit->language;
	if (!facts->currency)
		facts->currency = input->currency;
	if (input->value_given)
		facts->value_minor = input->value;
	started->value = input->value_given || visit->customer.valued ? pg_int(&req->ctx, facts->value_minor) : NULL;
	started->currency = input->value_given && input->currency ? input->currency : facts->currency;
	facts->attempts++;
	facts->attributes = attributes_merge(&req->ctx, facts->attributes, input->attributes);
	visit->segment = segment_of(facts->value_minor);
	facts->segment = segment_text(visit->segment);
	return OK;
}

/* An experiment may put another flow in this one's place, or take the offers away. */
static enum err flow_decide(const struct start_input *input, struct started *started)
{
	const struct visit *visit = &started->visit;
	struct experiment_choice *experiment = &started->experiment;

	TRY(flow_choose(visit, &started->flow));
	TRY(experiment_choose(visit->ctx, visit->house, visit->org_id, started->flow.flow_id, &visit->customer.facts, input->user_id, experiment));
	if (experiment->flow_id)
		started->flow = (struct flow_choice){experiment->flow_id, experiment->version, experiment->language,
			experiment->cancel_at_stripe, started->flow.adaptive};
	started->flow.adaptive = started->flow.adaptive && !experiment->holdout;
	return flow_render(visit, &started->flow, experiment->holdout, &started->shown);
}

static void session_written(void *argument, enum err err)
{
	reply_complete(argument, err);
}

/* The event is durable before the reply goes. A customer's first one is waited for: the cache learns of it. */
static enum err session_write(struct req *req, const struct start_input *input, struct started *started)
{
	const struct who *who = &req->who;
	const struct facts *facts = &started->visit.customer.facts;
	const struct experiment_choice *experiment = &started->experiment;
	const struct session_row row = {.values = {
		[SESSION_ORG] = who->org_id, [SESSION_LIVE] = pg_bool(who->live), [SESSION_ID] = started->id, [SESSION_KEY] = who->key_id,
		[SESSION_CUSTOMER] = input->user_id, [SESSION_SUBSCRIPTION] = input->subscription, [SESSION_EMAIL] = input->email,
		[SESSION_PLAN] = facts->plan, [SESSION_REGION] = facts->region, [SESSION_LANGUAGE] = started->shown.language,
		[SESSION_SEGMENT] = facts->segment, [SESSION_VALUE] = started->value, [SESSION_CURRENCY] = started->currency,
		[SESSION_SIGNED] = pg_bool(input->signature), [SESSION_FLOW] = started->flow.flow_id,
		[SESSION_VERSION] = started->flow.version, [SESSION_ORDER] = started->shown.order,
		[SESSION_POLICY] = started->flow.adaptive ? "adaptive" : "documented", [SESSION_ATTEMPTS] = pg_int(&req->ctx, facts->attempts),
		[SESSION_TENURE] = facts->tenure_days < 0 ? NULL : pg_int(&req->ctx, facts->tenure_days),
		[SESSION_ATTRIBUTES] = input->attributes ? json_object_to_json_string_ext(input->attributes, JSON_C_TO_STRING_PLAIN) : NULL,
		[SESSION_EXPERIMENT] = experiment->experiment_id,
		[SESSION_VARIANT] = experiment->experiment_id ? pg_int(&req->ctx, experiment->variant) : NULL,
		[SESSION_CANCEL_NOW] = pg_bool(started->cancel_now)}};

	if (!started->customer.repeated) {
		TRY(batch_write(&req->ctx, widget_batch(), &row));
		customer_clicked(req, &started->customer);
		return OK;
	}
	customer_clicked(req, &started->customer);
	reply_defer(req);
	batch_add(&req->ctx, widget_batch(), &row, session_written, req);
	return OK;
}

static const char *session_token(struct req *req, const struct start_input *input, const struct started *started)
{
	struct widget_token token = {.live = req->who.live, .cancel_at_stripe = started->flow.cancel_at_stripe,
		.flow_version = (int)strtol(started->flow.version, NULL, 10), .expires_s = started->expires_s,
		.customer = input->user_id, .subscription = input->subscription ? input->subscription : ""};

	memcpy(token.org_id, req->who.org_id, ID_TEXT);
	memcpy(token.key_id, req->who.key_id, ID_TEXT);
	memcpy(token.session_id, started->id, ID_TEXT);
	memccpy(token.flow_id, started->flow.flow_id, '\0', ID_TEXT);
	return widget_token_make(&req->ctx, &token);
}

static void start_render(struct req *req, struct rep *rep, const struct start_input *input, const struct started *started)
{
	struct buffer *out = &rep->body;
	char expires[CLOCK_TEXT];

	clock_format(started->expires_s * 1000000, expires);
	rep->type = BODY_JSON;
	buffer_text(out, "{\"success\":true,\"session\":\"");
	buffer_text(out, session_token(req, input, started));
	buffer_text(out, "\",\"sessionId\":\"");
	buffer_text(out, started->id);
	buffer_text(out, "\",\"expiresAt\":\"");
	buffer_text(out, expires);
	buffer_text(out, req->who.live ? "\",\"mode\":\"live\",\"flowId\":\"" : "\",\"mode\":\"test\",\"flowId\":\"");
	buffer_text(out, started->flow.flow_id);
	buffer_text(out, "\",\"flowVersion\":");
	buffer_text(out, started->flow.version);
	buffer_text(out, ",\"language\":\"");
	buffer_text(out, started->shown.language);
	buffer_text(out, "\",\"segment\":\"");
	buffer_text(out, started->visit.customer.facts.segment);
	buffer_text(out, started->flow.cancel_at_stripe ? "\",\"cancelAt\":\"stripe\",\"steps\":" : "\",\"cancelAt\":\"host\",\"steps\":");
	buffer_add(out, started->shown.steps, started->shown.steps_length);
	buffer_text(out, started->cancel_now ? ",\"cancelNow\":true,\"theme\":" : ",\"cancelNow\":false,\"theme\":");
	buffer_text(out, started->theme);
	buffer_char(out, '}');
}

static enum err widget_start(struct req *req, struct rep *rep)
{
	const struct start_input *input = req->input;
	struct started *started = arena_alloc(&req->ctx.arena, sizeof *started);

	started->expires_s = clock_wall_s() + WIDGET_SESSION_S;
	id_new(started->id);
	TRY(input_check(req, input));
	TRY(customer_verify(req, input, input->value_given ? pg_int(&req->ctx, input->value) : NULL));
	TRY(visit_prepare(req, input, started));
	TRY(flow_decide(input, started));
	TRY(theme_fetch(&started->visit, &started->theme));
	TRY(privacy_cancel_now(&req->ctx, &req->house, req->who.org_id, started->visit.customer.facts.region, &started->cancel_now));
	start_render(req, rep, input, started);
	return session_write(req, input, started);
}

/* A key's own rate takes the place of this one. */
static const struct rate_limit START_LIMIT = {1000, 60, 0};

static const struct budget START_BUDGET = {.most = {[BUDGET_QUERIES] = 12},
	.why = "the first customer of an organisation loads what the cache then keeps: key, flows, texts, offers, experiments; later ones take one"};

const struct route WIDGET_START_ROUTES[] = {
	{.method = METHOD_POST, .path = "/api/v1/widget/start", .access = ACCESS_PERMISSION, .permission = PERMIT_WIDGET_USE,
		.class = CLASS_WIDGET, .input = START_INPUT, .input_size = sizeof(struct start_input), .run = widget_start,
		.shape = REPLY_FIELDS, .reply = START_REPLY, .limit = &START_LIMIT, .cors = true,
		.budget = &START_BUDGET, .doc = "Starts a cancel flow: the customer clicked on Cancel"},
	ROUTE_END};
