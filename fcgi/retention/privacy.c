#include "retention/family.h"

#include "identity/identity.h"
#include "retention/privacy.h"
#include "retention/retention.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

struct privacy_input {
	const char *id;
	struct json_object *periods;
	bool cancel_now, live, live_given;
};

static const struct field PUT_INPUT[] = {
	INPUT(struct privacy_input, cancel_now, "cancelNow", IN_BODY, FIELD_BOOL, .required = true,
		.doc = "Cancel now stands beside every offer; where it is false, still for customers who may live in the United States or Canada"),
	INPUT(struct privacy_input, periods, "periods", IN_BODY, FIELD_JSON, .nullable = true,
		.doc = "object: days by the name of a period of the organisation's own; what is left out stays"),
	FIELD_END};
static const struct field CUSTOMER_INPUT[] = {
	INPUT(struct privacy_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the customer"),
	INPUT(struct privacy_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct privacy_input, live_given), .doc = "false: test data"),
	FIELD_END};

static const struct field PRIVACY_REPLY[] = {
	REPLY("cancelNow", FIELD_BOOL, .required = true, .doc = "Cancel now stands beside every offer"),
	REPLY("periods", FIELD_JSON, .required = true, .doc = "array: name, days, least, most, own (false: the house's setting), what and what becomes of it"),
	REPLY("tables", FIELD_JSON, .required = true, .doc = "array: every table with its period, or the reason why it has none"),
	FIELD_END};
static const struct field EXPORT_REPLY[] = {
	REPLY("customer", FIELD_JSON, .required = true, .doc = "object: who it is"),
	REPLY("sessions", FIELD_JSON, .required = true, .doc = "array: clicks on Cancel"),
	REPLY("decisions", FIELD_JSON, .required = true, .doc = "array: what was decided and written"),
	REPLY("offers", FIELD_JSON, .required = true, .doc = "array: steps seen and answered"),
	REPLY("outcomes", FIELD_JSON, .required = true, .doc = "array: what became of each session"),
	REPLY("subscriptions", FIELD_JSON, .required = true, .doc = "array: of Stripe's mirror"),
	REPLY("invoices", FIELD_JSON, .required = true, .doc = "array: of Stripe's mirror"),
	REPLY("claims", FIELD_JSON, .required = true, .doc = "array: subscriptions that the widget was told are theirs"),
	REPLY("discounts", FIELD_JSON, .required = true, .doc = "array: of Stripe's mirror"),
	REPLY("refunds", FIELD_JSON, .required = true, .doc = "array: charges of which money went back"),
	REPLY("disputes", FIELD_JSON, .required = true, .doc = "array: of Stripe's mirror"),
	REPLY("recoveries", FIELD_JSON, .required = true, .doc = "array: unpaid invoices that were asked for"),
	REPLY("alerts", FIELD_JSON, .required = true, .doc = "array: about the subscriptions"),
	REPLY("mails", FIELD_JSON, .required = true, .doc = "array: mails of outreach"),
	REPLY("outbox", FIELD_JSON, .required = true, .doc = "array: mails to their address, without the text"),
	REPLY("mailOffers", FIELD_JSON, .required = true, .doc = "array: what they offered"),
	REPLY("consents", FIELD_JSON, .required = true, .doc = "array: consent records"),
	REPLY("events", FIELD_JSON, .required = true, .doc = "array: the house's events about them"),
	REPLY("stripeEvents", FIELD_JSON, .required = true, .doc = "array: what Stripe said of them"),
	REPLY("audit", FIELD_JSON, .required = true, .doc = "array: the audit log's lines of this customer's own acts"),
	FIELD_END};
static const struct field ERASE_REPLY[] = {
	REPLY("job", FIELD_ID, .required = true, .doc = "the erasure: GET /api/v1/jobs/<this>"),
	FIELD_END};

static struct json_object *periods_json(const struct privacy *privacy)
{
	struct json_object *list = json_object_new_array();

	for (int i = 0; KEEP_RULES[i].name; i++) {
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "name", json_object_new_string(KEEP_RULES[i].name));
		json_object_object_add(item, "days", json_object_new_int(privacy->days[i]));
		json_object_object_add(item, "least", json_object_new_int(KEEP_RULES[i].least));
		json_object_object_add(item, "most", json_object_new_int(KEEP_RULES[i].most));
		json_object_object_add(item, "own", json_object_new_boolean(!KEEP_RULES[i].conf));
		json_object_object_add(item, "what", json_object_new_string(KEEP_RULES[i].what));
		json_object_object_add(item, "fate", json_object_new_string(KEEP_RULES[i].fate));
		json_object_array_add(list, item);
	}
	return list;
}

static struct json_object *tables_json(void)
{
	struct json_object *list = json_object_new_array();

	for (const struct keep_table *table = KEEP_TABLES; table->table; table++) {
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "table", json_object_new_string(table->table));
		json_object_object_add(item, "period", table->rule ? json_object_new_string(table->rule) : NULL);
		json_object_object_add(item, "reason", table->reason ? json_object_new_string(table->reason) : NULL);
		json_object_array_add(list, item);
	}
	return list;
}

static enum err privacy_show(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	struct privacy privacy;

	TRY(privacy_get(&req->ctx, req->house.pool, req->who.org_id, &privacy));
	json_object_object_add(reply, "cancelNow", json_object_new_boolean(privacy.cancel_now));
	json_object_object_add(reply, "periods", periods_json(&privacy));
	json_object_object_add(reply, "tables", tables_json());
	return reply_json(req, rep, reply);
}

/* A name that is no period, or one of the house's, is refused by keep_put(), but only where it stands in our order. */
static enum err periods_read(struct req *req, struct json_object *periods, struct privacy *privacy)
{
	if (!periods)
		return OK;
	if (!json_object_is_type(periods, json_type_object))
		return fail_field(&req->ctx, ERR_BAD_INPUT, "periods", "periods must be an object");
	json_object_object_foreach(periods, name, value) {
		const struct keep_rule *rule = keep_rule(name);

		if (!rule || rule->conf)
			return fail_field(&req->ctx, ERR_INVALID, name, "The organisation has no such period");
		if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < rule->least || json_object_get_int64(value) > rule->most)
			return fail_field(&req->ctx, ERR_INVALID, name, "A period is outside its bounds");
		privacy->days[rule - KEEP_RULES] = json_object_get_int(value);
	}
	return OK;
}

static enum err put_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct privacy_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct privacy privacy = {.cancel_now = input->cancel_now};

	TRY(periods_read(req, input->periods, &privacy));
	return privacy_put(ctx, lease, &by, &privacy);
}

static enum err privacy_change(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, put_run, req));
	flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return privacy_show(req, rep);
}

static enum err export_get(struct req *req, struct rep *rep)
{
	const struct privacy_input *input = req->input;
	const char *json;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	TRY(customer_export(&req->ctx, req->house.pool, req->who.org_id, live, input->id, &json));
	reply_header(rep, "Cache-Control", "no-store");
	rep->type = BODY_JSON;
	buffer_text(&rep->body, json);
	return OK;
}

struct erasure { struct req *req; bool live; char job[ID_TEXT]; };

static enum err erase_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct erasure *erasure = argument;
	const struct privacy_input *input = erasure->req->input;
	const struct audit by = audit_of(erasure->req, NULL, NULL, NULL);

	return customer_erase(ctx, lease, &by, erasure->live, input->id, erasure->job);
}

static enum err erase_post(struct req *req, struct rep *rep)
{
	const struct privacy_input *input = req->input;
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	struct erasure erasure = {.req = req};

	TRY(mode_choose(req, input->live_given, input->live, &erasure.live));
	TRY(change_run(&req->ctx, req->house.pool, erase_run, &erasure));
	json_object_object_add(reply, "job", json_object_new_string(erasure.job));
	rep->status = 202;
	return reply_json(req, rep, reply);
}

#define TAKES(fields) .input = (fields), .input_size = sizeof(struct privacy_input)

const struct route RETENTION_PRIVACY_ROUTES[] = {
	{METHOD_GET, "/api/v1/retention/privacy", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ, .class = CLASS_READ,
		.run = privacy_show, .shape = REPLY_FIELDS, .reply = PRIVACY_REPLY, .doc = "What is kept for how long, and whether Cancel now is always shown"},
	{METHOD_PUT, "/api/v1/retention/privacy", .access = ACCESS_PERMISSION, .permission = PERMIT_ORG_WRITE, .class = CLASS_WRITE,
		TAKES(PUT_INPUT), .run = privacy_change, .shape = REPLY_FIELDS, .reply = PRIVACY_REPLY, .budget = &BUDGET_RULED, .doc = "Changes periods, and whether Cancel now is always shown"},
	{METHOD_GET, "/api/v1/retention/customers/:id/export", .access = ACCESS_PERMISSION, .permission = PERMIT_CUSTOMER_TEXT, .class = CLASS_ADMIN,
		TAKES(CUSTOMER_INPUT), .run = export_get, .shape = REPLY_FIELDS, .reply = EXPORT_REPLY, .doc = "Everything that is kept of one customer"},
	{METHOD_POST, "/api/v1/retention/customers/:id/erase", .access = ACCESS_PERMISSION, .permission = PERMIT_CUSTOMER_TEXT, .class = CLASS_WRITE,
		TAKES(CUSTOMER_INPUT), .run = erase_post, .shape = REPLY_FIELDS, .reply = ERASE_REPLY, .status = 202,
		.budget = &BUDGET_CHANGE, .doc = "Erases one customer's personal data, by a job; money and consent records stay without their name"},
	ROUTE_END};
