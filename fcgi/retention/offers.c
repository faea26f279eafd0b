#include "retention/family.h"

#include "identity/identity.h"
#include "retention/adaptive.h"
#include "retention/coupon.h"
#include "retention/segment.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

struct offer_input {
	const char *id, *type, *policy, *cursor, *coupon_id, *name, *currency, *duration;
	int64_t most, period, cooldown, floor, limit, percent, amount, months;
	bool enabled, discounted, most_given, period_given, cooldown_given, floor_given, live, live_given;
};

#define FIELD(member, name, place, type, ...) INPUT(struct offer_input, member, name, place, type, __VA_ARGS__)
#define LIVE(place) FIELD(live, "live", place, FIELD_BOOL, .present = offsetof(struct offer_input, live_given), .doc = "false: test data")
#define TYPES "discount|pause|downgrade|extension|support"

static const struct field RULE_INPUT[] = {
	FIELD(type, "type", IN_PATH, FIELD_ENUM, .required = true, .choices = TYPES, .doc = "the type of offer"),
	FIELD(enabled, "enabled", IN_BODY, FIELD_BOOL, .required = true, .doc = "false: it is offered to nobody"),
	FIELD(most, "acceptedMost", IN_BODY, FIELD_INT, .nullable = true, .least = 1, .most = 100,
		.doc = "how often a customer may accept it within periodDays; null: any number"),
	FIELD(period, "periodDays", IN_BODY, FIELD_INT, .least = 1, .most = OFFER_DAYS_MOST, .present = offsetof(struct offer_input, period_given),
		.doc = "365 unless given"),
	FIELD(cooldown, "cooldownDays", IN_BODY, FIELD_INT, .least = 0, .most = OFFER_DAYS_MOST,
		.doc = "days after an accepted offer, of any type but support, without this one; 0 unless given"),
	FIELD(discounted, "discounted", IN_BODY, FIELD_BOOL, .required = true, .doc = "also to customers who have a discount"),
	FIELD_END};
static const struct field POLICY_INPUT[] = {
	FIELD(policy, "policy", IN_BODY, FIELD_ENUM, .required = true, .choices = "documented|adaptive",
		.doc = "documented: by value segment; adaptive: by what customers accept"),
	FIELD(floor, "floor", IN_BODY, FIELD_INT, .least = 1, .most = 50, .present = offsetof(struct offer_input, floor_given),
		.doc = "per cent of sessions in random order while adaptive; 10 unless given"),
	FIELD_END};
static const struct field FLOW_INPUT[] = {
	FIELD(id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow"),
	FIELD(policy, "policy", IN_BODY, FIELD_ENUM, .nullable = true, .choices = "documented|adaptive", .doc = "null: as the organisation says"),
	FIELD_END};
static const struct field ESTIMATE_INPUT[] = {LIVE(IN_QUERY), FIELD_END};
static const struct field LIST_INPUT[] = {
	FIELD(limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	FIELD(cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	LIVE(IN_QUERY), FIELD_END};
static const struct field COUPON_INPUT[] = {
	LIVE(IN_BODY),
	FIELD(coupon_id, "id", IN_BODY, FIELD_TEXT, .nullable = true, .least = 1, .most = 200, .doc = "its id at Stripe; made up there unless given"),
	FIELD(name, "name", IN_BODY, FIELD_TEXT, .nullable = true, .least = 1, .most = 40, .doc = "what customers see on their invoices"),
	FIELD(percent, "percentOff", IN_BODY, FIELD_INT, .nullable = true, .least = 1, .most = 100, .doc = "per cent; this or amountMinor"),
	FIELD(amount, "amountMinor", IN_BODY, FIELD_INT, .nullable = true, .least = 1, .most = 99999999, .doc = "minor units of currency"),
	FIELD(currency, "currency", IN_BODY, FIELD_TEXT, .nullable = true, .least = 3, .most = 3, .doc = "three lower-case letters, with amountMinor"),
	FIELD(duration, "duration", IN_BODY, FIELD_ENUM, .required = true, .choices = "once|repeating|forever", .doc = "for how long it holds"),
	FIELD(months, "months", IN_BODY, FIELD_INT, .nullable = true, .least = 1, .most = 36, .doc = "of a repeating coupon"),
	FIELD_END};

static const struct field SETTINGS_REPLY[] = {
	REPLY("policy", FIELD_ENUM, .required = true, .choices = "documented|adaptive", .doc = "how offers are ordered, unless a flow says otherwise"),
	REPLY("floor", FIELD_INT, .required = true, .doc = "per cent of sessions in random order while adaptive"),
	REPLY("rules", FIELD_JSON, .required = true, .doc = "[{type, enabled, acceptedMost, periodDays, cooldownDays, discounted}]"),
	FIELD_END};
static const struct field FLOW_REPLY[] = {
	REPLY("id", FIELD_ID, .required = true, .doc = "the flow"),
	REPLY("policy", FIELD_ENUM, .required = true, .nullable = true, .choices = "documented|adaptive", .doc = "null: as the organisation says"),
	FIELD_END};
static const struct field ESTIMATE_REPLY[] = {
	REPLY("days", FIELD_INT, .required = true, .doc = "days that are counted"),
	REPLY("floor", FIELD_INT, .required = true, .doc = "per cent of sessions in random order while adaptive"),
	REPLY("estimates", FIELD_JSON, .required = true,
		.doc = "[{segment, type, shown, accepted, mean, low, high, first}]: the chance of acceptance with its 95 % credible interval, and the share of "
			"sessions in which it comes first while adaptive"),
	FIELD_END};
static const struct field COUPON_REPLY[] = {
	REPLY("coupon", FIELD_TEXT, .required = true, .doc = "its id at Stripe"),
	FIELD_END};

static enum err settings_reply(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *rules = json_object_new_array();
	struct offer_settings settings;

	TRY(offer_settings_load(&req->ctx, &req->house, req->who.org_id, &settings));
	json_object_object_add(reply, "policy", json_object_new_string(settings.adaptive ? "adaptive" : "documented"));
	json_object_object_add(reply, "floor", json_object_new_int(settings.floor));
	json_object_object_add(reply, "rules", rules);
	for (int type = 0; type < STEP_COUNT; type++) {
		const struct offer_rule *rule = &settings.rules.of[type];
		struct json_object *row;

		if (!step_is_offer((enum step_type)type))
			continue;
		row = json_object_new_object();
		json_object_object_add(row, "type", json_object_new_string(step_text((enum step_type)type)));
		json_object_object_add(row, "enabled", json_object_new_boolean(rule->enabled));
		json_object_object_add(row, "acceptedMost", rule->accepted_most ? json_object_new_int(rule->accepted_most) : NULL);
		json_object_object_add(row, "periodDays", json_object_new_int(rule->period_days));
		json_object_object_add(row, "cooldownDays", json_object_new_int(rule->cooldown_days));
		json_object_object_add(row, "discounted", json_object_new_boolean(rule->discounted));
		json_object_array_add(rules, row);
	}
	return reply_json(req, rep, reply);
}

static enum err rule_work(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct offer_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	const struct offer_rule rule = {input->enabled, (int)input->most, input->period_given ? (int)input->period : 365, (int)input->cooldown,
		input->discounted};

	return offer_rule_put(ctx, lease, &by, input->type, &rule);
}

static enum err policy_work(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct offer_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	return offer_policy_put(ctx, lease, &by, strcmp(input->policy, "adaptive") == 0, input->floor_given ? (int)input->floor : OFFER_FLOOR);
}

static enum err flow_work(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct offer_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	return flow_policy_put(ctx, lease, &by, input->id, input->policy);
}

static enum err change(struct req *req, change_work *work)
{
	TRY(change_run(&req->ctx, req->house.pool, work, req));
	flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return OK;
}

static enum err rule_change(struct req *req, struct rep *rep)
{
	TRY(change(req, rule_work));
	return settings_reply(req, rep);
}

static enum err policy_change(struct req *req, struct rep *rep)
{
	TRY(change(req, policy_work));
	return settings_reply(req, rep);
}

static enum err flow_change(struct req *req, struct rep *rep)
{
	const struct offer_input *input = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());

	TRY(change(req, flow_work));
	json_object_object_add(reply, "id", json_object_new_string(input->id));
	json_object_object_add(reply, "policy", input->policy ? json_object_new_string(input->policy) : NULL);
	return reply_json(req, rep, reply);
}

static void estimates_add(struct json_object *list, enum segment segment, const struct offer_count counts[STEP_COUNT], int floor)
{
	struct offer_estimate estimates[ADAPTIVE_TYPES];

	adaptive_estimate(counts, ADAPTIVE_OFFERS, ADAPTIVE_TYPES, floor, estimates);
	for (int i = 0; i < ADAPTIVE_TYPES; i++) {
		const struct offer_count *count = &counts[ADAPTIVE_OFFERS[i]];
		struct json_object *row = json_object_new_object();

		json_object_object_add(row, "segment", json_object_new_string(segment_text(segment)));
		json_object_object_add(row, "type", json_object_new_string(step_text(ADAPTIVE_OFFERS[i])));
		json_object_object_add(row, "shown", json_object_new_int64(count->shown));
		json_object_object_add(row, "accepted", json_object_new_int64(count->accepted));
		json_object_object_add(row, "mean", json_object_new_double(estimates[i].mean));
		json_object_object_add(row, "low", json_object_new_double(estimates[i].low));
		json_object_object_add(row, "high", json_object_new_double(estimates[i].high));
		json_object_object_add(row, "first", json_object_new_double(estimates[i].first));
		json_object_array_add(list, row);
	}
}

static enum err estimates_get(struct req *req, struct rep *rep)
{
	const struct offer_input *input = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *list = json_object_new_array();
	struct offer_settings settings;
	struct offer_counts counts;
	bool live;

	json_object_object_add(reply, "estimates", list);
	TRY(mode_choose(req, input->live_given, input->live, &live));
	TRY(offer_settings_load(&req->ctx, &req->house, req->who.org_id, &settings));
	TRY(offer_counts_load(&req->ctx, &req->house, req->who.org_id, live, &counts));
	json_object_object_add(reply, "days", json_object_new_int(ADAPTIVE_DAYS));
	json_object_object_add(reply, "floor", json_object_new_int(settings.floor));
	for (int segment = 0; segment < SEGMENT_COUNT; segment++)
		estimates_add(list, (enum segment)segment, counts.of[segment], settings.floor);
	return reply_json(req, rep, reply);
}

static enum err stripe_list(struct req *req, struct rep *rep)
{
	const struct offer_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	return reply_list(req, rep,
		PARAMS(req->who.org_id, pg_bool(live), input->cursor ? input->cursor : "", pg_int(&req->ctx, limit + 1)), limit);
}

static enum err coupon_make(struct req *req, struct rep *rep)
{
	const struct offer_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct coupon_new coupon = {.id = input->coupon_id, .name = input->name, .percent_off = (int)input->percent,
		.amount_minor = input->amount, .currency = input->currency, .duration = input->duration, .months = (int)input->months};
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	const char *ref;

	TRY(mode_choose(req, input->live_given, input->live, &coupon.live));
	TRY(coupon_create(&req->ctx, req->house.pool, req->net, &by, &coupon, &ref));
	json_object_object_add(reply, "coupon", json_object_new_string(ref));
	rep->status = 201;
	return reply_json(req, rep, reply);
}

#define OFFER_ROUTE(method_, path_, permission_, class_, input_, run_, ...) \
	{.method = (method_), .path = "/api/v1/retention/" path_, .access = ACCESS_PERMISSION, .permission = (permission_), \
		.class = (class_), .input = (input_), .input_size = sizeof(struct offer_input), .run = (run_), __VA_ARGS__}

const struct route RETENTION_OFFER_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/offers", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_ADMIN, .run = settings_reply, .shape = REPLY_FIELDS, .reply = SETTINGS_REPLY,
		.doc = "Reads to whom offers are made, and how they are ordered"},
	OFFER_ROUTE(METHOD_PUT, "offers/:type", PERMIT_RETENTION_WRITE, CLASS_WRITE, RULE_INPUT, rule_change, .shape = REPLY_FIELDS,
		.reply = SETTINGS_REPLY, .budget = &BUDGET_CHANGE, .doc = "Sets to whom a type of offer is made"),
	OFFER_ROUTE(METHOD_PUT, "offer-policy", PERMIT_RETENTION_WRITE, CLASS_WRITE, POLICY_INPUT, policy_change, .shape = REPLY_FIELDS,
		.reply = SETTINGS_REPLY, .budget = &BUDGET_CHANGE, .doc = "Sets how offers are ordered"),
	OFFER_ROUTE(METHOD_PUT, "flows/:id/offer-policy", PERMIT_RETENTION_WRITE, CLASS_WRITE, FLOW_INPUT, flow_change, .shape = REPLY_FIELDS,
		.reply = FLOW_REPLY, .budget = &BUDGET_CHANGE, .doc = "Sets how a flow's offers are ordered; no new version"),
	OFFER_ROUTE(METHOD_GET, "offer-estimates", PERMIT_RETENTION_READ, CLASS_ANALYTICS, ESTIMATE_INPUT, estimates_get,
		.shape = REPLY_FIELDS, .reply = ESTIMATE_REPLY, .doc = "How often offers are accepted, by value segment, as the adaptive order sees it"),
	OFFER_ROUTE(METHOD_GET, "stripe/coupons", PERMIT_RETENTION_READ, CLASS_LIST_, LIST_INPUT, stripe_list, .shape = REPLY_LIST,
		.rows = &SQL_RETENTION_COUPONS_LIST, .doc = "Lists the coupons at Stripe, to choose one for an offer"),
	OFFER_ROUTE(METHOD_POST, "stripe/coupons", PERMIT_RETENTION_WRITE, CLASS_LLM, COUPON_INPUT, coupon_make, .shape = REPLY_FIELDS,
		.reply = COUPON_REPLY, .status = 201, .doc = "Makes a coupon at Stripe"),
	OFFER_ROUTE(METHOD_GET, "stripe/prices", PERMIT_RETENTION_READ, CLASS_LIST_, LIST_INPUT, stripe_list, .shape = REPLY_LIST,
		.rows = &SQL_RETENTION_PRICES_LIST, .doc = "Lists the prices at Stripe, to choose one for a downgrade"),
	ROUTE_END};
