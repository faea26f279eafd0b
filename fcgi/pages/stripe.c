#include "pages/page.h"

#include "billing/billing.h"
#include "event/event.h"
#include "sql.h"

#include <string.h>

#define OVERLAP_S (24 * 3600)

struct stripe_input {
	const char *mode, *notice, *secret_key, *secret;
};

#define MODE(place_, ...) \
	INPUT(struct stripe_input, mode, "mode", place_, FIELD_ENUM, .choices = "live|test", .doc = "live or test data", __VA_ARGS__)

static const struct field PAGE_INPUT[] = {
	MODE(IN_QUERY, .required = false),
	INPUT(struct stripe_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "connected|secret|checking|importing|removed", .doc = "what was done"),
	FIELD_END};
static const struct field KEY_INPUT[] = {
	MODE(IN_BODY, .required = true),
	INPUT(struct stripe_input, secret_key, "secretKey", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 255,
		.doc = "Stripe's secret or restricted key of this mode"),
	FIELD_END};
static const struct field SECRET_INPUT[] = {
	MODE(IN_BODY, .required = true),
	INPUT(struct stripe_input, secret, "secret", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 255,
		.doc = "the endpoint's signing secret"),
	FIELD_END};
static const struct field MODE_INPUT[] = {MODE(IN_BODY, .required = true), FIELD_END};

/* What a permission is for, as people read it. */
static const struct { const char *scope, *access, *label, *why; } SCOPES[] = {
	{"customers", "read", TR("Customers, read"), TR("names, addresses and languages; segments by what you know of a customer")},
	{"subscriptions", "read", TR("Subscriptions, read"), TR("plans, worth, renewals and trials")},
	{"subscriptions", "write", TR("Subscriptions, write"), TR("what a customer accepts is done at Stripe: discounts, pauses, other plans, more time")},
	{"products", "read", TR("Products, read"), TR("the names of plans")},
	{"prices", "read", TR("Prices, read"), TR("the names of plans, and downgrades")},
	{"coupons", "read", TR("Coupons, read"), TR("discounts that a customer has, and coupons to choose from")},
	{"coupons", "write", TR("Coupons, write"), TR("discounts that you offer")},
	{"invoices", "read", TR("Invoices, read"), TR("revenue that was really paid after an offer")},
	{"invoices", "write", TR("Invoices, write"), TR("another attempt at a payment that failed")},
	{"charges", "read", TR("Charges and refunds, read"), TR("revenue net of refunds")},
	{"disputes", "read", TR("Disputes, read"), TR("revenue net of disputes that were lost")},
	{"events", "read", TR("Events, read"), TR("events that did not reach this house are fetched")},
	{"portal", "write", TR("Customer portal, write"), TR("a link with which a customer changes the card")}};

static const char *const PHASES[BILLING_PHASE_COUNT] = {TR("Products"), TR("Prices"), TR("Coupons"), TR("Customers"), TR("Subscriptions"),
	TR("Paid invoices of a year"), TR("Refunds of a year"), TR("Disputes of a year")};

static bool is_live(const struct stripe_input *input)
{
	return input->mode && !strcmp(input->mode, "live");
}

/* --- the view --- */

static enum err column_json(struct ctx *ctx, const PGresult *row, const char *column, struct json_object **value_out)
{
	const char *text = pg_text(row, 0, column);

	*value_out = NULL;
	return text ? json_read(ctx, text, strlen(text), JSON_DEPTH, value_out) : OK;
}

static enum err add_scopes(struct req *req, struct json_object *view, const PGresult *row)
{
	struct json_object *scopes, *list = json_object_new_array();
	int missing = 0;

	json_object_object_add(view, "scopes", list);
	TRY(column_json(&req->ctx, row, "scopes", &scopes));
	for (size_t i = 0; scopes && i < json_object_array_length(scopes); i++) {
		struct json_object *scope = json_object_array_get_idx(scopes, i), *item = json_object_new_object();
		bool allowed = json_flag(scope, "allowed", false), needed = json_flag(scope, "needed", false);

		for (size_t j = 0; j < sizeof SCOPES / sizeof *SCOPES; j++)
			if (!strcmp(SCOPES[j].scope, json_text(scope, "scope", "")) && !strcmp(SCOPES[j].access, json_text(scope, "access", ""))) {
				page_text(item, "label", tr(req, SCOPES[j].label));
				page_text(item, "why", tr(req, SCOPES[j].why));
			}
		page_flag(item, "allowed", allowed);
		page_flag(item, "needed", needed);
		json_object_array_add(list, item);
		missing += needed && !allowed;
	}
	page_flag(view, "checked", scopes != NULL);
	page_flag(view, "missing", missing > 0);
	page_stamp(req, view, "scopes_at", pg_text(row, 0, "scopesAt"));
	return OK;
}

static enum err add_import(struct req *req, struct json_object *view, const PGresult *row)
{
	struct json_object *counts, *import = json_object_new_object(), *list = json_object_new_array(), *count;
	const char *state = pg_text(row, 0, "importState");
	int64_t phase = pg_number(row, 0, "importPhase", 0);

	json_object_object_add(view, "import", import);
	json_object_object_add(import, "phases", list);
	TRY(column_json(&req->ctx, row, "importCounts", &counts));
	for (int i = 0; i < BILLING_PHASE_COUNT; i++) {
		struct json_object *item = json_object_new_object();
		bool begun = counts && json_object_object_get_ex(counts, BILLING_PHASES[i], &count);

		page_text(item, "label", tr(req, PHASES[i]));
		if (begun && count)
			page_text(item, "count", page_number(req, json_object_get_int64(count)));
		page_flag(item, "refused", begun && !count);
		page_flag(item, "current", i == phase && !strcmp(state, "running"));
		json_object_array_add(list, item);
	}
	for (const char *const *name = (const char *const[]){"none", "running", "done", "stopped", NULL}; *name; name++)
		page_flag(import, *name, !strcmp(state, *name));
	json_object_object_add(import, "progress", json_object_new_int64(100 * phase / BILLING_PHASE_COUNT));
	page_text(import, "message", pg_text(row, 0, "importMessage"));
	page_text(import, "job", pg_text(row, 0, "importJob"));
	page_stamp(req, import, "began", pg_text(row, 0, "importBeganAt"));
	page_stamp(req, import, "ended", pg_text(row, 0, "importEndedAt"));
	return OK;
}

static void add_connection(struct req *req, struct json_object *view, const PGresult *row)
{
	const char *path = pg_text(row, 0, "endpointPath");

	page_flag(view, "connected", pg_true(row, 0, "connected"));
	page_text(view, "last4", pg_text(row, 0, "last4"));
	page_text(view, "account", pg_text(row, 0, "account"));
	if (path)
		page_text(view, "address", arena_printf(&req->ctx.arena, "%s%s", page_origin(req), path));
	page_flag(view, "secret_set", pg_true(row, 0, "secretSet"));
	page_text(view, "types", BILLING_EVENT_TYPES);
	page_stamp(req, view, "before_until", pg_text(row, 0, "secretBeforeUntil"));
	page_stamp(req, view, "last_event", pg_text(row, 0, "lastEventAt"));
	page_stamp(req, view, "caught_up", pg_text(row, 0, "caughtUpAt"));
	if (pg_number(row, 0, "eventsWaiting", 0))
		page_text(view, "waiting", page_number(req, pg_number(row, 0, "eventsWaiting", 0)));
	if (pg_number(row, 0, "eventsFailed", 0))
		page_text(view, "failed", page_number(req, pg_number(row, 0, "eventsFailed", 0)));
}

static enum err stripe_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct stripe_input *in = req->input;
	PGresult *row;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_STRIPE_GET, PARAMS(req->who.org_id, pg_bool(is_live(in))), &row));
	page_text(view, "mode", is_live(in) ? "live" : "test");
	page_flag(view, "live", is_live(in));
	page_flag(view, "on_stripe", true);
	add_connection(req, view, row);
	TRY(add_scopes(req, view, row));
	TRY(add_import(req, view, row));
	return page_show(req, rep, "stripe", TR("Stripe"), view);
}

static enum err stripe_page(struct req *req, struct rep *rep)
{
	static const struct { const char *notice, *text; } NOTICES[] = {
		{"connected", TR("Stripe is connected. What the key may do is being checked.")}, {"secret", TR("The secret is stored.")},
		{"checking", TR("What the key may do is being checked.")}, {"importing", TR("The import has begun.")},
		{"removed", TR("The key is forgotten.")}};
	const struct stripe_input *in = req->input;
	struct json_object *view = page_view(req);

	for (size_t i = 0; in->notice && i < sizeof NOTICES / sizeof *NOTICES; i++)
		if (!strcmp(NOTICES[i].notice, in->notice))
			page_text(view, "notice", tr(req, NOTICES[i].text));
	return stripe_show(req, rep, view);
}

/* --- changes --- */

struct change {
	struct req *req;
	struct billing_connection connection;
	char id[ID_TEXT];
};

/* Back to the page, which says what was done or what is wrong. */
static enum err go_back(struct req *req, struct rep *rep, enum err err, const char *notice)
{
	const struct stripe_input *in = req->input;

	if (err == OK)
		return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/settings/stripe?mode=%s&notice=%s", in->mode, notice));
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return stripe_show(req, rep, view);
}

static enum err key_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct change *change = argument;
	const struct stripe_input *in = change->req->input;
	struct audit audit = audit_of(change->req, "connection.put", "stripe_connection", in->mode);

	TRY(billing_connect(ctx, lease, &change->connection));
	audit.after = audit_note(ctx, "last4", change->connection.last4, "account", change->connection.account, NULL);
	return event_audit(lease, &audit);
}

static enum err key_put(struct req *req, struct rep *rep)
{
	const struct stripe_input *in = req->input;
	struct change change = {req, {.org_id = req->who.org_id, .live = is_live(in), .secret_key = in->secret_key}, ""};
	enum err err = billing_key_check(&req->ctx, req->net, &change.connection);

	return go_back(req, rep, err == OK ? change_run(&req->ctx, req->house.pool, key_run, &change) : err, "connected");
}

static enum err forget_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	const struct change *change = argument;
	const struct stripe_input *in = change->req->input;
	struct audit audit = audit_of(change->req, "connection.delete", "stripe_connection", in->mode);
	PGresult *gone;

	TRY(pg_run(lease, &SQL_RETENTION_CONNECTION_DELETE, PARAMS(change->req->who.org_id, pg_bool(is_live(in))), &gone));
	if (!PQntuples(gone))
		return fail(ctx, ERR_NOT_FOUND, "No such connection");
	audit.after = audit_note(ctx, "last4", pg_text(gone, 0, "last4"), NULL);
	return event_audit(lease, &audit);
}

static enum err key_forget(struct req *req, struct rep *rep)
{
	struct change change = {.req = req};

	return go_back(req, rep, change_run(&req->ctx, req->house.pool, forget_run, &change), "removed");
}

static enum err secret_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct change *change = argument;
	const struct stripe_input *in = change->req->input;
	struct audit audit = audit_of(change->req, "connection.secret", "stripe_connection", in->mode);

	TRY(billing_secret_set(ctx, lease, change->req->who.org_id, is_live(in), in->secret, OVERLAP_S, change->id));
	audit.after = audit_note(ctx, "endpoint", change->id, NULL);
	return event_audit(lease, &audit);
}

static enum err secret_put(struct req *req, struct rep *rep)
{
	struct change change = {.req = req};

	return go_back(req, rep, change_run(&req->ctx, req->house.pool, secret_run, &change), "secret");
}

static enum err check_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct change *change = argument;

	return billing_check_start(ctx, lease, change->req->who.org_id, is_live(change->req->input), change->id);
}

static enum err check_start(struct req *req, struct rep *rep)
{
	struct change change = {.req = req};

	return go_back(req, rep, change_run(&req->ctx, req->house.pool, check_run, &change), "checking");
}

static enum err import_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct change *change = argument;

	return billing_import_start(ctx, lease, change->req->who.org_id, is_live(change->req->input), change->id);
}

static enum err import_start(struct req *req, struct rep *rep)
{
	struct change change = {.req = req};

	return go_back(req, rep, change_run(&req->ctx, req->house.pool, import_run, &change), "importing");
}

static const struct rate_limit CHANGE_LIMIT = {20, 60, 0};

#define TAKES(fields) .input = (fields), .input_size = sizeof(struct stripe_input)
#define WRITES ACCESS_PAGE, .permission = PERMIT_CONNECTION_WRITE
#define LEADS_BACK .shape = REPLY_NOTHING, .status = 303, .form = true, .limit = &CHANGE_LIMIT

const struct route STRIPE_ROUTES[] = {
	{METHOD_GET, "/settings/stripe", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, TAKES(PAGE_INPUT), .run = stripe_page,
		.shape = REPLY_PAGE, .doc = "The connection to Stripe: key, permissions, endpoint, import"},
	{METHOD_POST, "/settings/stripe/key", WRITES, .class = CLASS_LLM, TAKES(KEY_INPUT), .run = key_put, LEADS_BACK,
		.doc = "Connects a mode, or replaces its key"},
	{METHOD_POST, "/settings/stripe/forget", WRITES, .class = CLASS_PAGE, TAKES(MODE_INPUT), .run = key_forget, LEADS_BACK, .doc = "Forgets a mode's key"},
	{METHOD_POST, "/settings/stripe/secret", WRITES, .class = CLASS_PAGE, TAKES(SECRET_INPUT), .run = secret_put, LEADS_BACK,
		.doc = "Stores the endpoint's signing secret; the one before stays good for a day"},
	{METHOD_POST, "/settings/stripe/check", WRITES, .class = CLASS_PAGE, TAKES(MODE_INPUT), .run = check_start, LEADS_BACK,
		.doc = "Asks Stripe what the key may do"},
	{METHOD_POST, "/settings/stripe/import", WRITES, .class = CLASS_PAGE, TAKES(MODE_INPUT), .run = import_start, LEADS_BACK,
		.doc = "Begins the import, or goes on with it"},
	ROUTE_END};
