#include "widget/choose.h"
#include "widget/family.h"

#include "base/clock.h"
#include "sql.h"
#include "who/secret.h"

#include <stdlib.h>
#include <string.h>

#define CUSTOMER_LIFE_MS 60000
#define SIGNING_LIFE_MS 30000
#define VALUE_MOST 1000000000000

struct start_input {
	const char *user_id, *plan, *region, *email, *subscription, *currency, *language, *signature;
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
	REPLY("language", FIELD_TEXT, .required = true, .doc = "the flow's language"),
	REPLY("segment", FIELD_ENUM, .required = true, .choices = "trial|low|medium|high", .doc = "by monthly value"),
	REPLY("cancelAt", FIELD_ENUM, .required = true, .choices = "host|stripe", .doc = "who cancels: the host's own control, or Stoa at Stripe"),
	REPLY("steps", FIELD_JSON, .required = true, .doc = "array of steps in the order to show"),
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

/* Checks the host's signature over everything that it sent, when there is one or must be one. */
static enum err customer_verify(struct req *req, const struct start_input *input, const char *value)
{
	struct ctx *ctx = &req->ctx;
	const struct cache_plan plan = {.space = "signing", .key = req->who.key_id, .life_ms = SIGNING_LIFE_MS,
		.tags = {arena_printf(&ctx->arena, "org:%s", req->who.org_id)}};
	const struct signed_field fields[] = {{"userId", input->user_id}, {"plan", input->plan}, {"region", input->region},
		{"email", input->email}, {"stripeSubscriptionId", input->subscription}, {"subscriptionValue", value},
		{"currency", input->currency}, {"language", input->language}};
	struct cached sealed;
	const char *secret = NULL;
	size_t bytes;

	if (!input->signature)
		return req->who.signature_required ? fail_field(ctx, ERR_FORBIDDEN, "signature", "This key requires the host's signature") : OK;
	TRY(cache_fetch(ctx, req->house.cache, &plan, signing_load, req, &sealed));
	if (!sealed.absent)
		TRY(secret_unseal(ctx, req->who.org_id, (const uint8_t *)sealed.data, sealed.length, &secret, &bytes));
	return customer_signature_check(ctx, secret, input->signature, fields, sizeof fields / sizeof *fields);
}

struct customer { struct req *req; const char *user_id; };

static enum err customer_load(struct ctx *ctx, void *argument, struct cached *value_out)
{
	const struct customer *customer = argument;
	const struct req *req = customer->req;
	PGresult *result;

	TRY(pg_query(ctx, req->house.pool, &SQL_WIDGET_CUSTOMER_KNOWN,
		PARAMS(req->who.org_id, pg_bool(req->who.live), customer->user_id), &result));
	*value_out = (struct cached){.data = pg_true(result, 0, "known") ? "1" : "0", .length = 1};
	return OK;
}

static struct cache_plan customer_plan(struct req *req, const char *user_id)
{
	return (struct cache_plan){.space = "customer", .life_ms = CUSTOMER_LIFE_MS, .local_ms = CUSTOMER_LIFE_MS,
		.key = arena_printf(&req->ctx.arena, "%s%c%s", req->who.org_id, req->who.live ? '+' : '-', user_id)};
}

static enum err customer_known(struct req *req, const char *user_id, bool *known_out)
{
	struct customer customer = {req, user_id};
	struct cache_plan plan = customer_plan(req, user_id);
	struct cached value;

	TRY(cache_fetch(&req->ctx, req->house.cache, &plan, customer_load, &customer, &value));
	*known_out = value.length == 1 && value.data[0] == '1';
	return OK;
}

static enum err input_check(struct req *req, const struct start_input *input)
{
	if (input->currency && strspn(input->currency, "abcdefghijklmnopqrstuvwxyz") != 3)
		return fail_field(&req->ctx, ERR_INVALID, "currency", "currency must be three lower-case letters");
	return OK;
}

struct started {
	char id[ID_TEXT];
	int64_t expires_s;
	enum segment segment;
	struct flow_choice flow;
	const char *order, *steps;
	size_t steps_length;
};

static void session_written(void *argument, enum err err)
{
	reply_complete(argument, err);
}

/* The event is durable before the reply goes. A customer's first one is waited for: the cache learns of it. */
static enum err session_write(struct req *req, const struct start_input *input, const char *value, const struct started *started, bool known)
{
	const struct who *who = &req->who;
	const struct session_row row = {.values = {
		[SESSION_ORG] = who->org_id, [SESSION_LIVE] = pg_bool(who->live), [SESSION_ID] = started->id, [SESSION_KEY] = who->key_id,
		[SESSION_CUSTOMER] = input->user_id, [SESSION_SUBSCRIPTION] = input->subscription, [SESSION_EMAIL] = input->email,
		[SESSION_PLAN] = input->plan, [SESSION_REGION] = input->region, [SESSION_LANGUAGE] = started->flow.language,
		[SESSION_SEGMENT] = segment_text(started->segment), [SESSION_VALUE] = value, [SESSION_CURRENCY] = input->currency,
		[SESSION_SIGNED] = pg_bool(input->signature), [SESSION_FLOW] = started->flow.flow_id,
		[SESSION_VERSION] = started->flow.version, [SESSION_ORDER] = started->order}};

	if (!known)
		return batch_write(&req->ctx, widget_batch(), &row);
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
	buffer_text(out, started->flow.language);
	buffer_text(out, "\",\"segment\":\"");
	buffer_text(out, segment_text(started->segment));
	buffer_text(out, started->flow.cancel_at_stripe ? "\",\"cancelAt\":\"stripe\",\"steps\":" : "\",\"cancelAt\":\"host\",\"steps\":");
	buffer_add(out, started->steps, started->steps_length);
	buffer_char(out, '}');
}

static enum err widget_start(struct req *req, struct rep *rep)
{
	const struct start_input *input = req->input;
	const char *value = input->value_given ? pg_int(&req->ctx, input->value) : NULL;
	struct started *started = arena_alloc(&req->ctx.arena, sizeof *started);
	bool known;

	started->segment = segment_of(input->value);
	started->expires_s = clock_wall_s() + WIDGET_SESSION_S;
	TRY(input_check(req, input));
	TRY(customer_verify(req, input, value));
	TRY(flow_choose(&req->ctx, &req->house, req->who.org_id, language_part(&req->ctx, input->language), started->segment, input->plan,
		input->region, &started->flow));
	TRY(customer_known(req, input->user_id, &known));
	TRY(flow_render(&req->ctx, &req->house, req->who.org_id, &started->flow, started->segment, known, &started->order, &started->steps,
		&started->steps_length));
	id_new(started->id);
	start_render(req, rep, input, started);
	TRY(session_write(req, input, value, started, known));
	if (!known) {
		struct cache_plan plan = customer_plan(req, input->user_id);

		cache_put(&req->ctx, req->house.cache, &plan, cache_stamp(req->house.cache), "1", 1);
	}
	return OK;
}

/* A key's own rate takes the place of this one. */
static const struct rate_limit START_LIMIT = {1000, 60, 0};

const struct route WIDGET_START_ROUTES[] = {
	{.method = METHOD_POST, .path = "/api/v1/widget/start", .access = ACCESS_PERMISSION, .permission = PERMIT_WIDGET_USE,
		.class = CLASS_WIDGET, .input = START_INPUT, .input_size = sizeof(struct start_input), .run = widget_start,
		.shape = REPLY_FIELDS, .reply = START_REPLY, .limit = &START_LIMIT, .cors = true,
		.doc = "Starts a cancel flow: the customer clicked on Cancel"},
	ROUTE_END};
