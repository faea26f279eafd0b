#include "widget/customer.h"
#include "widget/family.h"

#include "base/clock.h"
#include "event/event.h"
#include "retention/consent.h"
#include "retention/flow.h"
#include "retention/retention.h"
#include "web/budget.h"
#include "sql.h"
#include "who/audit.h"
#include "who/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MOST 32
#define SHOWN_MOST_MS 86400000

struct decision_input {
	const char *session, *outcome, *offer_type, *reason_code, *reason_text, *feedback;
	struct json_object *path;
	int64_t step, choice;
	bool step_given, choice_given;
};

#define BODY_FIELD(member, name, type, ...) INPUT(struct decision_input, member, name, IN_BODY, type, __VA_ARGS__)

static const struct field DECISION_INPUT[] = {
	BODY_FIELD(session, "session", FIELD_TEXT, .required = true, .least = 1, .most = 4096, .doc = "the token of the start's reply"),
	BODY_FIELD(outcome, "outcome", FIELD_ENUM, .required = true, .choices = "accepted|declined|dismissed|cancelled",
		.doc = "took the offer; confirmed the cancellation; closed the dialog; used Cancel now"),
	BODY_FIELD(step, "step", FIELD_INT, .least = 0, .most = FLOW_STEPS - 1, .present = offsetof(struct decision_input, step_given),
		.doc = "index of the step where it happened; needed for accepted"),
	BODY_FIELD(offer_type, "offerType", FIELD_ENUM, .nullable = true, .choices = "discount|pause|downgrade|extension|support|feedback",
		.doc = "the step's type"),
	BODY_FIELD(choice, "choice", FIELD_INT, .least = 1, .most = 12, .present = offsetof(struct decision_input, choice_given),
		.doc = "months of the accepted pause"),
	BODY_FIELD(reason_code, "reasonCode", FIELD_TEXT, .nullable = true, .least = 1, .most = 64, .doc = "one of the survey's codes"),
	BODY_FIELD(reason_text, "reasonText", FIELD_LINES, .nullable = true, .least = 0, .most = 2000, .doc = "the customer's own words"),
	BODY_FIELD(feedback, "feedback", FIELD_LINES, .nullable = true, .least = 0, .most = 5000, .doc = "the feedback step's text"),
	BODY_FIELD(path, "path", FIELD_JSON, .nullable = true, .doc = "[{step, answer shown|accepted|declined|skipped|answered, ms}]"),
	FIELD_END};

static const struct field DECISION_REPLY[] = {
	REPLY("success", FIELD_BOOL, .required = true, .doc = "true"),
	REPLY("decision", FIELD_ID, .required = true, .doc = "the session that was decided"),
	REPLY("outcome", FIELD_ENUM, .required = true, .choices = "accepted|declined|dismissed|cancelled", .doc = "as sent"),
	REPLY("offerType", FIELD_TEXT, .required = true, .nullable = true, .doc = "the offer that was accepted"),
	REPLY("status", FIELD_ENUM, .required = true, .choices = "recorded|pending|manual",
		.doc = "pending: a job acts at Stripe; manual: a person has to"),
	REPLY("reason", FIELD_TEXT, .nullable = true, .doc = "why a person has to"),
	REPLY("subscriptionUpdated", FIELD_BOOL, .required = true, .doc = "false: nothing has been done at Stripe yet"),
	REPLY("revenueSaved", FIELD_INT, .required = true, .doc = "0: nothing is saved yet"),
	REPLY("currency", FIELD_TEXT, .required = true, .nullable = true, .doc = "of the subscription's value"),
	FIELD_END};

static const char *const ANSWERS[] = {"shown", "accepted", "declined", "skipped", "answered", NULL};

/* One decision on its way: what was sent, checked against what the session was shown. */
struct decision {
	struct req *req;
	const struct decision_input *input;
	struct widget_token token;
	uint8_t hash[32];
	/* the session */
	const char *subscription, *currency, *value_text, *order;
	int64_t value;
	bool connected, cancel_now;
	enum step_type types[FLOW_STEPS];
	struct json_object *steps;
	int step_count;
	uint32_t shown;        /* a bit for each step that the session was given */
	/* the decision */
	enum step_type offer;
	bool accepted;
	const char *status, *reason;
	int64_t saved;
	const char *path; /* as stored */
};

static enum err session_authorize(struct req *req, const char *text, struct widget_token *token)
{
	TRY(widget_token_read(&req->ctx, text, token));
	if (strcmp(token->org_id, req->who.org_id) != 0 || token->live != req->who.live)
		return fail(&req->ctx, ERR_UNAUTHENTICATED, "The session token is not valid");
	return OK;
}

/* "0,2,1" */
static uint32_t order_read(const char *order)
{
	uint32_t shown = 0;

	for (char *end; *order; order = *end ? end + 1 : end) {
		long step = strtol(order, &end, 10);

		if (end == order)
			break;
		if (step >= 0 && step < FLOW_STEPS)
			shown |= UINT32_C(1) << step;
	}
	return shown;
}

static enum err session_load(struct decision *decision)
{
	struct ctx *ctx = &decision->req->ctx;
	const char *steps;
	PGresult *result;

	TRY(pg_query(ctx, decision->req->house.pool, &SQL_WIDGET_SESSION_GET,
		PARAMS(decision->token.org_id, pg_bool(decision->token.live), decision->token.session_id), &result));
	if (PQntuples(result) == 0)
		return fail(ctx, ERR_NOT_FOUND, "No such session");
	decision->token.customer = pg_text(result, 0, "customer_ref"); /* the token's own may have been erased meanwhile */
	decision->subscription = pg_text(result, 0, "subscription_ref");
	decision->currency = pg_text(result, 0, "currency");
	decision->value_text = pg_text(result, 0, "value_minor");
	decision->value = pg_number(result, 0, "value_minor", 0);
	decision->connected = pg_true(result, 0, "connected");
	decision->cancel_now = pg_true(result, 0, "cancel_now");
	decision->order = pg_text(result, 0, "step_order");
	decision->shown = order_read(pg_text(result, 0, "step_order"));
	steps = pg_text(result, 0, "steps");
	TRY(json_read(ctx, steps, strlen(steps), JSON_DEPTH, &decision->steps));
	decision->step_count = (int)json_object_array_length(decision->steps);
	for (int i = 0; i < decision->step_count; i++)
		if (!step_parse(json_text(json_object_array_get_idx(decision->steps, (size_t)i), "type", NULL), &decision->types[i]))
			return fail(ctx, ERR_INTERNAL, "A stored step has no type");
	return OK;
}

/* Whether the customer was shown this step: it was sent, and fits the answer that they gave. */
static bool step_was_shown(const struct decision *decision, int64_t step)
{
	return step >= 0 && step < decision->step_count && decision->shown >> step & 1 &&
	       flow_step_fits(&decision->req->ctx, json_object_array_get_idx(decision->steps, (size_t)step), decision->input->reason_code);
}

static struct json_object *step_config(const struct decision *decision, int step)
{
	struct json_object *config = NULL;

	json_object_object_get_ex(json_object_array_get_idx(decision->steps, (size_t)step), "config", &config);
	return config;
}

/* The config of the flow's only step of this type. */
static bool step_find(const struct decision *decision, enum step_type type, struct json_object **config_out)
{
	for (int i = 0; i < decision->step_count; i++)
		if (decision->types[i] == type) {
			*config_out = step_config(decision, i);
			return true;
		}
	return false;
}

static enum err step_judge(struct decision *decision)
{
	const struct decision_input *input = decision->input;
	struct ctx *ctx = &decision->req->ctx;

	decision->accepted = strcmp(input->outcome, "accepted") == 0;
	if (!input->step_given) {
		if (decision->accepted)
			return fail_field(ctx, ERR_INVALID, "step", "step is needed for an accepted offer");
		return input->offer_type ? fail_field(ctx, ERR_INVALID, "offerType", "offerType needs its step") : OK;
	}
	if (input->step >= decision->step_count)
		return fail_field(ctx, ERR_INVALID, "step", "The flow has no such step");
	decision->offer = decision->types[input->step];
	if (input->offer_type && strcmp(input->offer_type, step_text(decision->offer)) != 0)
		return fail_field(ctx, ERR_INVALID, "offerType", "The step is of type %s", step_text(decision->offer));
	if (decision->accepted && !step_is_offer(decision->offer) && decision->offer != STEP_FEEDBACK)
		return fail_field(ctx, ERR_INVALID, "step", "The step offers nothing");
	if (!step_was_shown(decision, input->step))
		return fail_field(ctx, ERR_INVALID, "step", "The step was not offered in this session");
	return OK;
}

static enum err choice_judge(struct decision *decision)
{
	const struct decision_input *input = decision->input;
	struct ctx *ctx = &decision->req->ctx;
	struct json_object *months = NULL;

	if (!decision->accepted || decision->offer != STEP_PAUSE)
		return input->choice_given ? fail_field(ctx, ERR_INVALID, "choice", "choice belongs to an accepted pause") : OK;
	if (!input->choice_given)
		return fail_field(ctx, ERR_INVALID, "choice", "choice is needed: the months of the pause");
	json_object_object_get_ex(step_config(decision, (int)input->step), "months", &months);
	for (size_t i = 0; i < json_object_array_length(months); i++)
		if (json_object_get_int64(json_object_array_get_idx(months, i)) == input->choice)
			return OK;
	return fail_field(ctx, ERR_INVALID, "choice", "This pause was not offered");
}

static enum err survey_judge(struct decision *decision)
{
	const struct decision_input *input = decision->input;
	struct ctx *ctx = &decision->req->ctx;
	struct json_object *config = NULL, *options = NULL;
	bool found = false;

	if (!input->reason_code && !input->reason_text)
		return OK;
	if (!step_find(decision, STEP_SURVEY, &config))
		return fail_field(ctx, ERR_INVALID, input->reason_code ? "reasonCode" : "reasonText", "The flow asks for no reason");
	if (input->reason_text && *input->reason_text && !json_flag(config, "allowText", false))
		return fail_field(ctx, ERR_INVALID, "reasonText", "The survey takes no text");
	json_object_object_get_ex(config, "options", &options);
	for (size_t i = 0; input->reason_code && options && i < json_object_array_length(options); i++)
		found |= strcmp(json_text(json_object_array_get_idx(options, i), "code", ""), input->reason_code) == 0;
	return input->reason_code && !found ? fail_field(ctx, ERR_INVALID, "reasonCode", "The survey has no such reason") : OK;
}

static enum err feedback_judge(struct decision *decision)
{
	struct json_object *config;

	if (!decision->input->feedback || step_find(decision, STEP_FEEDBACK, &config))
		return OK;
	return fail_field(&decision->req->ctx, ERR_INVALID, "feedback", "The flow asks for no feedback");
}

static enum err path_fail(struct ctx *ctx, int index, const char *what)
{
	char field[32];

	snprintf(field, sizeof field, "path[%d]", index);
	return fail_field(ctx, ERR_INVALID, field, "%s %s", field, what);
}

static enum err path_item_judge(struct decision *decision, struct json_object *item, int index)
{
	struct ctx *ctx = &decision->req->ctx;
	struct json_object *ms = NULL;
	const char *answer = json_text(item, "answer", "");
	int64_t step = json_int(item, "step", -1);
	bool known = false;

	if (!json_object_is_type(item, json_type_object))
		return path_fail(ctx, index, "must be an object");
	for (int i = 0; ANSWERS[i]; i++)
		known |= strcmp(ANSWERS[i], answer) == 0;
	if (json_object_object_get_ex(item, "ms", &ms) &&
		(!json_object_is_type(ms, json_type_int) || json_object_get_int64(ms) < 0 || json_object_get_int64(ms) > SHOWN_MOST_MS))
		return path_fail(ctx, index, "has an ms that is not allowed");
	if (json_object_object_length(item) != 2 + (ms ? 1 : 0) || !known)
		return path_fail(ctx, index, "must hold step, answer and perhaps ms");
	if (!step_was_shown(decision, step))
		return path_fail(ctx, index, "names a step that the customer was not shown");
	if (strcmp(answer, "accepted") == 0 && !(decision->accepted && step == decision->input->step))
		return path_fail(ctx, index, "is accepted, but the decision is another");
	return OK;
}

static enum err path_judge(struct decision *decision)
{
	struct json_object *path = decision->input->path;
	struct buffer text = {0};
	size_t count;

	decision->path = "[]";
	if (!path)
		return OK;
	if (!json_object_is_type(path, json_type_array) || (count = json_object_array_length(path)) > PATH_MOST)
		return fail_field(&decision->req->ctx, ERR_INVALID, "path", "path must be an array of at most %d steps", PATH_MOST);
	for (size_t i = 0; i < count; i++)
		TRY(path_item_judge(decision, json_object_array_get_idx(path, i), (int)i));
	json_write(&text, path);
	decision->path = arena_memdup(&decision->req->ctx.arena, text.data, text.length);
	buffer_free(&text);
	return OK;
}

/* What becomes of it: only what Stripe has to do is pending, and only when it can be done. */
static void status_judge(struct decision *decision)
{
	bool cancels = strcmp(decision->input->outcome, "declined") == 0 || strcmp(decision->input->outcome, "cancelled") == 0;
	bool offer = decision->accepted && decision->offer != STEP_SUPPORT && decision->offer != STEP_FEEDBACK;

	decision->status = "recorded";
	if (decision->accepted && decision->offer == STEP_SUPPORT)
		decision->saved = revenue_saved(STEP_SUPPORT, decision->value);
	if (!offer && !(cancels && decision->token.cancel_at_stripe))
		return;
	decision->status = "manual";
	if (decision->accepted && decision->offer == STEP_DOWNGRADE && !json_text(step_config(decision, (int)decision->input->step), "price", NULL))
		decision->reason = "the step names no price";
	else if (!decision->connected)
		decision->reason = "no Stripe connection";
	else if (!decision->subscription)
		decision->reason = "no subscription given";
	else if (!stripe_id(decision->subscription, "sub_"))
		decision->reason = "the subscription given is not one of Stripe's";
	else
		decision->status = "pending";
}

/* Rules that accepted offers bear on are asked again: the session may be an old one of several. */
static enum err again_judge(struct decision *decision)
{
	const struct widget_token *token = &decision->token;
	struct req *req = decision->req;
	struct customer_state customer;
	struct offer_settings settings;
	enum eligible verdict;

	if (!decision->accepted || strcmp(decision->status, "pending") != 0)
		return OK;
	TRY(customer_read(req, token->customer, decision->subscription, &customer));
	TRY(offer_settings_load(&req->ctx, &req->house, token->org_id, &settings));
	verdict = offer_eligible(&settings.rules, &customer, &(struct offer){.type = decision->offer}, clock_wall_s());
	if (verdict == ELIGIBLE_MOST || verdict == ELIGIBLE_COOLDOWN)
		decision->reason = "an offer was accepted a short time ago";
	else if (verdict == ELIGIBLE_DISCOUNTED)
		decision->reason = "the subscription has a discount already";
	if (decision->reason)
		decision->status = "manual";
	return OK;
}

static enum err decision_judge(struct decision *decision)
{
	TRY(step_judge(decision));
	TRY(choice_judge(decision));
	TRY(survey_judge(decision));
	TRY(feedback_judge(decision));
	TRY(path_judge(decision));
	status_judge(decision);
	return again_judge(decision);
}

struct shown { const char *answer; int64_t ms; bool seen; };

/* One row for each offer on the path; its last answer counts. */
static enum err offers_write(struct lease *lease, struct decision *decision)
{
	struct ctx *ctx = &decision->req->ctx;
	struct shown shown[FLOW_STEPS] = {0};
	const char *steps[FLOW_STEPS], *types[FLOW_STEPS], *answers[FLOW_STEPS], *times[FLOW_STEPS];
	struct json_object *path = decision->input->path;
	int count = 0;

	for (size_t i = 0; path && i < json_object_array_length(path); i++) {
		struct json_object *item = json_object_array_get_idx(path, i);
		struct shown *at = &shown[json_int(item, "step", 0)];

		at->answer = json_text(item, "answer", "shown");
		at->ms += json_int(item, "ms", 0);
		at->seen = true;
	}
	if (decision->accepted)
		shown[decision->input->step] = (struct shown){"accepted", shown[decision->input->step].ms, true};
	for (int i = 0; i < decision->step_count; i++)
		if (shown[i].seen && step_is_offer(decision->types[i])) {
			steps[count] = pg_int(ctx, i);
			types[count] = step_text(decision->types[i]);
			answers[count] = shown[i].answer;
			times[count++] = pg_int(ctx, shown[i].ms > SHOWN_MOST_MS ? SHOWN_MOST_MS : shown[i].ms);
		}
	if (count == 0)
		return OK;
	return pg_run(lease, &SQL_WIDGET_OFFERS_INSERT,
		PARAMS(decision->token.org_id, pg_bool(decision->token.live), decision->token.session_id, pg_array(ctx, steps, count),
			pg_array(ctx, types, count), pg_array(ctx, answers, count), pg_array(ctx, times, count)), NULL);
}

/* A cancellation leaves a trace of consent (California AB 2863). */
static enum err cancel_audit(struct lease *lease, struct decision *decision)
{
	const struct decision_input *input = decision->input;
	struct req *req = decision->req;
	const char *agent = req->header(req, "User-Agent");
	const struct audit audit = {.org_id = decision->token.org_id, .actor_kind = "customer", .actor_id = decision->token.customer,
		.action = strcmp(input->outcome, "cancelled") == 0 ? "cancel.now" : "cancel.confirm", .entity = "decision",
		.entity_id = decision->token.session_id, .address = req->address, .agent = agent,
		.after = arena_printf(&req->ctx.arena, "{\"live\":%s,\"outcome\":\"%s\",\"status\":\"%s\"}",
			decision->token.live ? "true" : "false", input->outcome, decision->status)};

	if (strcmp(input->outcome, "declined") != 0 && strcmp(input->outcome, "cancelled") != 0)
		return OK;
	return audit_write(lease, &audit);
}

/* An accepted offer or a cancellation; a dialog that was closed and feedback change nothing. */
static enum err decision_event(struct lease *lease, struct decision *decision)
{
	const struct decision_input *input = decision->input;
	const struct widget_token *token = &decision->token;
	struct ctx *ctx = &decision->req->ctx;
	bool cancels = strcmp(input->outcome, "declined") == 0 || strcmp(input->outcome, "cancelled") == 0;

	if (!cancels && !(decision->accepted && step_is_offer(decision->offer)))
		return OK;
	return event_add(ctx, lease, &(struct event){.org_id = token->org_id, .live = token->live, .actor_kind = "customer",
		.actor_id = token->customer, .entity = "decision", .entity_id = token->session_id,
		.type = cancels ? "customer.cancelled" : "offer.accepted",
		.payload = audit_note(ctx, "customer", token->customer, "subscription", decision->subscription, "flow", token->flow_id,
			"outcome", input->outcome, "offer", decision->accepted ? step_text(decision->offer) : NULL, "reason", input->reason_code,
			"status", decision->status, "value_minor", decision->value_text, "currency", decision->currency, NULL)}, NULL);
}

static enum err apply_enqueue(struct lease *lease, struct decision *decision)
{
	const struct widget_token *token = &decision->token;
	struct ctx *ctx = &decision->req->ctx;
	const struct job_new job = {.org_id = token->org_id,
		.payload = arena_printf(&ctx->arena, "{\"org\":\"%s\",\"live\":%s,\"session\":\"%s\"}", token->org_id,
			token->live ? "true" : "false", token->session_id),
		.unique_key = arena_printf(&ctx->arena, "%s:%d:%s", token->org_id, token->live, token->session_id)};

	return strcmp(decision->status, "pending") == 0 ? job_enqueue(ctx, lease, &JOB_STRIPE_APPLY, &job, NULL) : OK;
}

static enum err consent_record(struct lease *lease, struct decision *decision)
{
	const struct widget_token *token = &decision->token;

	return consent_write(lease->ctx, lease, &(struct consent){.org_id = token->org_id, .session_id = token->session_id,
		.customer = token->customer, .flow_id = token->flow_id, .live = token->live, .cancel_now = decision->cancel_now,
		.flow_version = token->flow_version, .steps = decision->steps, .order = decision->order, .path = decision->path,
		.outcome = decision->input->outcome, .offer = decision->accepted ? step_text(decision->offer) : NULL});
}

/* Writes all that belongs to a decision; won_out is false when the session has been decided before. */
static enum err decision_write(struct lease *lease, struct decision *decision, bool *won_out)
{
	const struct decision_input *input = decision->input;
	struct ctx *ctx = &decision->req->ctx;
	PGresult *result;

	TRY(pg_run(lease, &SQL_WIDGET_DECISION_INSERT,
		PARAMS(decision->token.org_id, pg_bool(decision->token.live), decision->token.session_id, input->outcome,
			decision->accepted ? step_text(decision->offer) : NULL, input->step_given ? pg_int(ctx, input->step) : NULL,
			input->choice_given ? pg_int(ctx, input->choice) : NULL, input->reason_code, input->reason_text, input->feedback,
			decision->path, pg_bytes(ctx, decision->hash, sizeof decision->hash), decision->status, decision->reason,
			decision->value_text, pg_int(ctx, decision->saved), decision->currency), &result));
	*won_out = PQntuples(result) == 1;
	if (!*won_out)
		return OK;
	TRY(offers_write(lease, decision));
	TRY(consent_record(lease, decision));
	TRY(cancel_audit(lease, decision));
	TRY(decision_event(lease, decision));
	return apply_enqueue(lease, decision);
}

static enum err decision_store(struct decision *decision, bool *won_out)
{
	struct lease lease;
	enum err err;

	TRY(lease_take(&decision->req->ctx, decision->req->house.pool, &lease));
	err = pg_begin(&lease);
	if (err == OK)
		err = decision_write(&lease, decision, won_out);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	return err;
}

static void text_or_null(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, ",\"%s\":", name);
	if (value)
		buffer_json(out, value, strlen(value));
	else
		buffer_text(out, "null");
}

struct answer { const char *outcome, *offer_type, *status, *reason, *currency; };

static void answer_render(const struct decision *decision, const struct answer *answer, struct rep *rep)
{
	struct buffer *out = &rep->body;

	rep->type = BODY_JSON;
	buffer_printf(out, "{\"success\":true,\"decision\":\"%s\",\"outcome\":\"%s\"", decision->token.session_id, answer->outcome);
	text_or_null(out, "offerType", answer->offer_type);
	buffer_printf(out, ",\"status\":\"%s\"", answer->status);
	text_or_null(out, "reason", strcmp(answer->status, "manual") == 0 ? answer->reason : NULL);
	buffer_text(out, ",\"subscriptionUpdated\":false,\"revenueSaved\":0");
	text_or_null(out, "currency", answer->currency);
	buffer_char(out, '}');
}

/* A decision that was made before is answered as it was then. */
static enum err decision_repeat(struct decision *decision, struct rep *rep)
{
	const struct widget_token *token = &decision->token;
	struct ctx *ctx = &decision->req->ctx;
	const uint8_t *hash;
	size_t bytes;
	PGresult *result;

	TRY(pg_query(ctx, decision->req->house.pool, &SQL_WIDGET_DECISION_GET,
		PARAMS(token->org_id, pg_bool(token->live), token->session_id), &result));
	if (PQntuples(result) == 0)
		return fail(ctx, ERR_NOT_FOUND, "No such decision");
	if (!pg_data(ctx, result, 0, "request_hash", &hash, &bytes) || bytes != sizeof decision->hash ||
		!secret_equal(hash, decision->hash, bytes))
		return fail(ctx, ERR_CONFLICT, "This session has been decided otherwise");
	answer_render(decision, &(struct answer){pg_text(result, 0, "outcome"), pg_text(result, 0, "offer_type"),
		pg_text(result, 0, "first_status"), pg_text(result, 0, "status_reason"), pg_text(result, 0, "currency")}, rep);
	return OK;
}

static enum err widget_decision_post(struct req *req, struct rep *rep)
{
	struct decision decision = {.req = req, .input = req->input};
	bool won = false;

	TRY(session_authorize(req, decision.input->session, &decision.token));
	sha256(req->body, req->body_length, decision.hash);
	TRY(session_load(&decision));
	TRY(decision_judge(&decision));
	TRY(decision_store(&decision, &won));
	if (!won)
		return decision_repeat(&decision, rep);
	if (decision.accepted)
		customer_forget(req, decision.token.customer);
	answer_render(&decision, &(struct answer){decision.input->outcome, decision.accepted ? step_text(decision.offer) : NULL,
		decision.status, decision.reason, decision.currency}, rep);
	return OK;
}

struct outcome_input { const char *session; };

static const struct field OUTCOME_INPUT[] = {
	INPUT(struct outcome_input, session, "X-Stoa-Session", IN_HEADER, FIELD_TEXT, .required = true, .least = 1, .most = 4096,
		.doc = "the token of the start's reply"),
	FIELD_END};

static const struct field OUTCOME_REPLY[] = {
	REPLY("status", FIELD_ENUM, .required = true, .choices = "recorded|pending|applied|manual|left", .doc = "what has become of it"),
	REPLY("reason", FIELD_TEXT, .required = true, .nullable = true, .doc = "why a person has to act"),
	REPLY("outcome", FIELD_ENUM, .required = true, .choices = "accepted|declined|dismissed|cancelled", .doc = "what was decided"),
	REPLY("offerType", FIELD_TEXT, .required = true, .nullable = true, .doc = "the offer that was accepted"),
	REPLY("subscriptionUpdated", FIELD_BOOL, .required = true, .doc = "true once Stripe's answer shows it"),
	REPLY("revenueSaved", FIELD_INT, .required = true, .doc = "minor units a month"),
	REPLY("currency", FIELD_TEXT, .required = true, .nullable = true, .doc = "three letters"),
	REPLY("effect", FIELD_JSON, .required = true, .nullable = true, .doc = "what Stripe showed when it was read back"),
	FIELD_END};

static enum err widget_decision_get(struct req *req, struct rep *rep)
{
	const struct outcome_input *input = req->input;
	struct buffer *out = &rep->body;
	struct widget_token token;
	PGresult *result;
	const char *status, *effect;

	TRY(session_authorize(req, input->session, &token));
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_WIDGET_DECISION_GET,
		PARAMS(token.org_id, pg_bool(token.live), token.session_id), &result));
	if (PQntuples(result) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "This session has not been decided");
	status = pg_text(result, 0, "status");
	effect = pg_text(result, 0, "effect");
	rep->type = BODY_JSON;
	buffer_printf(out, "{\"status\":\"%s\"", status);
	text_or_null(out, "reason", pg_text(result, 0, "status_reason"));
	buffer_printf(out, ",\"outcome\":\"%s\"", pg_text(result, 0, "outcome"));
	text_or_null(out, "offerType", pg_text(result, 0, "offer_type"));
	buffer_printf(out, ",\"subscriptionUpdated\":%s,\"revenueSaved\":%s", strcmp(status, "applied") == 0 ? "true" : "false",
		pg_text(result, 0, "saved_minor"));
	text_or_null(out, "currency", pg_text(result, 0, "currency"));
	buffer_text(out, ",\"effect\":");
	buffer_text(out, effect ? effect : "null");
	buffer_char(out, '}');
	return OK;
}

const struct route WIDGET_DECISION_ROUTES[] = {
	{.method = METHOD_POST, .path = "/api/v1/widget/decision", .access = ACCESS_PERMISSION, .permission = PERMIT_WIDGET_USE,
		.class = CLASS_WIDGET, .input = DECISION_INPUT, .input_size = sizeof(struct decision_input), .run = widget_decision_post,
		.shape = REPLY_FIELDS, .reply = DECISION_REPLY, .cors = true, .budget = &BUDGET_RULED, .doc = "Records what the customer decided, once"},
	{.method = METHOD_GET, .path = "/api/v1/widget/decision", .access = ACCESS_PERMISSION, .permission = PERMIT_WIDGET_USE,
		.class = CLASS_WIDGET, .input = OUTCOME_INPUT, .input_size = sizeof(struct outcome_input), .run = widget_decision_get,
		.shape = REPLY_FIELDS, .reply = OUTCOME_REPLY, .cors = true, .doc = "Reads what has become of a decision"},
	ROUTE_END};
