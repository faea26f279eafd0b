#include "pages/page.h"

#include "event/event.h"
#include "pg/rows.h"
#include "sql.h"
#include "webhook/webhook.h"

#include <stdio.h>
#include <string.h>

#define OVERLAP_HOURS 24
#define ENDPOINTS_SHOWN 100
#define DELIVERIES_SHOWN 20
#define STATES "pending|delivered|failed|cancelled"

struct webhook_input {
	const char *id, *url, *description, *mode, *state, *before, *to;
	struct json_object *events;
	int64_t hours;
};

#define ENDPOINT INPUT(struct webhook_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the endpoint")
#define DELIVERY INPUT(struct webhook_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the delivery")
/* A form's empty field is a value here too, so that the page can say what is wrong with it. */
#define FIELDS \
	INPUT(struct webhook_input, url, "url", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 2048, \
		.doc = "where events are sent: https"), \
	INPUT(struct webhook_input, description, "description", IN_BODY, FIELD_TEXT, .least = 0, .most = 255, .doc = "what it is for"), \
	INPUT(struct webhook_input, events, "events", IN_BODY, FIELD_TEXTS, .least = 0, .most = WEBHOOK_FILTERS, \
		.doc = "types or groups; none: every event")

static const struct field CREATE_INPUT[] = {
	FIELDS,
	INPUT(struct webhook_input, mode, "mode", IN_BODY, FIELD_ENUM, .required = true, .choices = "live|test", .doc = "live or test events"),
	FIELD_END};
static const struct field UPDATE_INPUT[] = {ENDPOINT, FIELDS, FIELD_END};
static const struct field ENDPOINT_INPUT[] = {ENDPOINT, FIELD_END};
static const struct field SHOW_INPUT[] = {
	ENDPOINT,
	INPUT(struct webhook_input, state, "state", IN_QUERY, FIELD_ENUM, .choices = STATES, .doc = "only these deliveries"),
	INPUT(struct webhook_input, before, "before", IN_QUERY, FIELD_ID, .doc = "the last delivery of the page before"),
	FIELD_END};
static const struct field SWITCH_INPUT[] = {
	ENDPOINT,
	INPUT(struct webhook_input, to, "switch", IN_BODY, FIELD_ENUM, .required = true, .choices = "on|off", .doc = "whether it gets events"),
	FIELD_END};
static const struct field ROTATE_INPUT[] = {
	ENDPOINT,
	INPUT(struct webhook_input, hours, "hours", IN_BODY, FIELD_INT, .required = true, .least = 0, .most = 720,
		.doc = "hours for which the old secret also signs"),
	FIELD_END};
static const struct field DELIVERY_INPUT[] = {DELIVERY, FIELD_END};

/* --- views --- */

/* Rows as they are in the API; times, which end in the millisecond, also as text. */
static enum err rows_view(struct ctx *ctx, const PGresult *rows, int count, struct json_object **list_out)
{
	struct buffer text = {0};
	rows_array(&text, rows, 0, count);
	enum err err = json_read(ctx, text.data, text.length, JSON_DEPTH, list_out);
	buffer_free(&text);
	return err;
}

static void add_time(struct req *req, struct json_object *view, const char *name)
{
	const char *at = json_text(view, name, NULL);
	if (at)
		page_text(view, arena_printf(&req->ctx.arena, "%sText", name), page_time(req, at));
}

static bool holds(struct json_object *list, const char *text)
{
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		if (!strcmp(json_object_get_string(json_object_array_get_idx(list, i)), text))
			return true;
	return false;
}

static struct json_object *choice(const char *value, const char *label, struct json_object *chosen)
{
	struct json_object *item = json_object_new_object();
	page_text(item, "value", value);
	page_text(item, "label", label);
	page_flag(item, "chosen", holds(chosen, value));
	return item;
}

/* Every type below its group. A test goes to its endpoint by itself. */
static void add_filters(struct req *req, struct json_object *view, struct json_object *chosen)
{
	static const struct { const char *type, *label; } TYPES[] = {
#define X(type, label, ...) {type, label},
		EVENT_LIST(X)
#undef X
	};
	struct json_object *groups = json_object_new_array(), *types = NULL;
	const char *name = "";
	for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
		size_t length = strcspn(TYPES[i].type, ".");
		if (!strcmp(TYPES[i].type, "webhook.test"))
			continue;
		if (strncmp(name, TYPES[i].type, length) || name[length]) {
			name = arena_memdup(&req->ctx.arena, TYPES[i].type, length);
			const char *all = arena_printf(&req->ctx.arena, "%s.*", name);
			struct json_object *group = choice(all, arena_printf(&req->ctx.arena, tr(req, "everything about this, %s"), all), chosen);
			page_text(group, "name", name);
			json_object_object_add(group, "types", types = json_object_new_array());
			json_object_array_add(groups, group);
		}
		json_object_array_add(types, choice(TYPES[i].type, tr(req, TYPES[i].label), chosen));
	}
	json_object_object_add(view, "groups", groups);
}

/* What was sent, where a form comes back with a fault. */
static void add_sent(struct req *req, struct json_object *view, const struct webhook_input *in)
{
	page_text(view, "url", in->url);
	page_text(view, "description", in->description ? in->description : "");
	add_filters(req, view, in->events);
}

static const char *disabled_why(struct req *req, const char *reason)
{
	if (!strcmp(reason, "failing"))
		return arena_printf(&req->ctx.arena, tr(req, "Every attempt of %d days has failed."), (int)(conf_ms("webhook.disable_after") / 86400000));
	return !strcmp(reason, "gone") ? tr(req, "It answered 410: gone.") : tr(req, "Someone of your organisation switched it off.");
}

static void endpoint_view(struct req *req, struct json_object *endpoint)
{
	struct json_object *events = json_object_object_get(endpoint, "events");
	const char *reason = json_text(endpoint, "disabledReason", NULL);
	page_flag(endpoint, "every", !events || !json_object_array_length(events));
	if (reason)
		page_text(endpoint, "why", disabled_why(req, reason));
	add_time(req, endpoint, "createdAt");
	add_time(req, endpoint, "disabledAt");
	add_time(req, endpoint, "failingSince");
	add_time(req, endpoint, "secretBeforeUntil");
}

static const struct { const char *value, *label; } DELIVERY_STATES[] = {{NULL, TR("All")}, {"pending", TR("On the way")}, {"delivered", TR("Delivered")},
	{"failed", TR("Failed")}, {"cancelled", TR("Cancelled")}};

static void add_state(const struct req *req, struct json_object *delivery)
{
	const char *state = json_text(delivery, "state", "");
	for (size_t i = 1; i < sizeof DELIVERY_STATES / sizeof *DELIVERY_STATES; i++)
		if (!strcmp(DELIVERY_STATES[i].value, state))
			page_text(delivery, "stateText", tr(req, DELIVERY_STATES[i].label));
}

static enum err page(struct req *req, struct rep *rep, const char *name, const char *title, struct json_object *view)
{
	page_flag(view, "on_webhooks", true);
	return page_show(req, rep, name, title, view);
}

/* --- changes --- */

struct webhook_change {
	struct req *req;
	const char *events[WEBHOOK_FILTERS];
	int event_count;
	char id[ID_TEXT], secret[WEBHOOK_SECRET_TEXT];
};

static struct webhook_change change_of(struct req *req)
{
	struct webhook_change change = {.req = req};
	const struct webhook_input *in = req->input;
	for (size_t i = 0; in->events && i < json_object_array_length(in->events) && i < WEBHOOK_FILTERS; i++)
		change.events[change.event_count++] = json_object_get_string(json_object_array_get_idx(in->events, i));
	return change;
}

static enum err note(struct lease *lease, struct req *req, const char *action, const char *entity, const char *id, const char *before,
	const char *after)
{
	struct audit audit = audit_of(req, action, entity, id);
	audit.before = before;
	audit.after = after;
	return event_audit(lease, &audit);
}

/* The address without its query, which may hold a credential. */
static const char *url_note(struct ctx *ctx, const char *url)
{
	return arena_memdup(&ctx->arena, url, strcspn(url, "?#"));
}

static enum err create_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	struct req *req = change->req;
	const struct webhook_input *in = req->input;
	const struct webhook_new new = {.org_id = req->who.org_id, .url = in->url, .description = in->description,
		.created_by = req->who.account_id, .events = change->events, .event_count = change->event_count,
		.live = !strcmp(in->mode, "live"), .enabled = true};
	TRY(webhook_create(ctx, lease, &new, change->id, change->secret));
	return note(lease, req, "webhook.create", "webhook_endpoint", change->id, NULL, audit_note(ctx, "url", url_note(ctx, in->url), "events",
		pg_array(ctx, new.events, new.event_count), "mode", in->mode, "enabled", "yes", NULL));
}

static enum err endpoint_hold(struct lease *lease, const struct req *req, const char *id, PGresult **endpoint_out)
{
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_HOLD, PARAMS(req->who.org_id, id), endpoint_out));
	return PQntuples(*endpoint_out) ? OK : fail(lease->ctx, ERR_NOT_FOUND, "There is no such endpoint");
}

static enum err update_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	struct req *req = change->req;
	const struct webhook_input *in = req->input;
	const char *events = pg_array(ctx, change->events, change->event_count);
	PGresult *old;
	TRY(endpoint_hold(lease, req, in->id, &old));
	TRY(webhook_check(ctx, in->url, change->events, change->event_count));
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_UPDATE, PARAMS(req->who.org_id, in->id, in->url, events,
		in->description ? in->description : "", NULL), NULL));
	return note(lease, req, "webhook.update", "webhook_endpoint", in->id,
		audit_note(ctx, "url", url_note(ctx, pg_text(old, 0, "url")), "events", pg_text(old, 0, "events"), NULL),
		audit_note(ctx, "url", url_note(ctx, in->url), "events", events, NULL));
}

static enum err switch_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct webhook_input *in = req->input;
	bool on = !strcmp(in->to, "on");
	PGresult *old;
	TRY(endpoint_hold(lease, req, in->id, &old));
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_UPDATE, PARAMS(req->who.org_id, in->id, NULL, NULL, NULL, pg_bool(on)), NULL));
	return note(lease, req, "webhook.update", "webhook_endpoint", in->id,
		audit_note(ctx, "enabled", pg_true(old, 0, "enabled") ? "yes" : "no", NULL), audit_note(ctx, "enabled", on ? "yes" : "no", NULL));
}

static enum err rotate_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	struct req *req = change->req;
	const struct webhook_input *in = req->input;
	TRY(webhook_rotate(ctx, lease, req->who.org_id, in->id, (int)in->hours * 3600, change->secret));
	return note(lease, req, "webhook.rotate", "webhook_endpoint", in->id, NULL, audit_note(ctx, "overlapHours", pg_int(ctx, in->hours), NULL));
}

static enum err test_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	struct req *req = change->req;
	const struct webhook_input *in = req->input;
	TRY(webhook_test(ctx, lease, req->who.org_id, in->id, req->who.account_id, change->id));
	return note(lease, req, "webhook.test", "webhook_endpoint", in->id, NULL, NULL);
}

static enum err delete_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct webhook_input *in = req->input;
	PGresult *gone;
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_DELETE, PARAMS(req->who.org_id, in->id), &gone));
	if (!PQntuples(gone))
		return fail(ctx, ERR_NOT_FOUND, "There is no such endpoint");
	return note(lease, req, "webhook.delete", "webhook_endpoint", in->id,
		audit_note(ctx, "url", url_note(ctx, pg_text(gone, 0, "url")), NULL), NULL);
}

static enum err resend_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct webhook_input *in = req->input;
	TRY(webhook_resend(ctx, lease, req->who.org_id, in->id));
	return note(lease, req, "webhook.resend", "webhook_delivery", in->id, NULL, NULL);
}

/* --- the list --- */

static enum err list_show(struct req *req, struct rep *rep, struct json_object *view)
{
	struct json_object *endpoints;
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_WEBHOOK_ENDPOINT_LIST,
		PARAMS(req->who.org_id, NULL, pg_int(&req->ctx, ENDPOINTS_SHOWN)), &rows));
	TRY(rows_view(&req->ctx, rows, PQntuples(rows), &endpoints));
	for (size_t i = 0; i < json_object_array_length(endpoints); i++)
		endpoint_view(req, json_object_array_get_idx(endpoints, i));
	page_flag(view, "any", PQntuples(rows) > 0);
	json_object_object_add(view, "endpoints", json_object_get(endpoints));
	return page(req, rep, "webhooks", "Webhooks", view);
}

static enum err webhooks_page(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	add_filters(req, view, NULL);
	return list_show(req, rep, view);
}

/* --- one endpoint --- */

static enum err add_deliveries(struct req *req, struct json_object *view, const struct webhook_input *in)
{
	struct ctx *ctx = &req->ctx;
	struct json_object *deliveries;
	PGresult *rows;
	TRY(pg_query(ctx, req->house.pool, &SQL_WEBHOOK_DELIVERY_LIST, PARAMS(req->who.org_id, in->id, in->before, in->state,
		pg_int(ctx, DELIVERIES_SHOWN)), &rows));
	int shown = PQntuples(rows) > DELIVERIES_SHOWN ? DELIVERIES_SHOWN : PQntuples(rows);
	TRY(rows_view(ctx, rows, shown, &deliveries));
	for (int i = 0; i < shown; i++) {
		add_time(req, json_object_array_get_idx(deliveries, (size_t)i), "createdAt");
		add_state(req, json_object_array_get_idx(deliveries, (size_t)i));
	}
	json_object_object_add(view, "deliveries", json_object_get(deliveries));
	page_flag(view, "any", shown > 0);
	if (PQntuples(rows) > shown)
		page_text(view, "more", pg_text(rows, shown - 1, "id"));
	page_text(view, "state", in->state);
	page_text(view, "before", in->before);
	return OK;
}

static void add_states(const struct req *req, struct json_object *view, const char *state)
{
	struct json_object *states = json_object_new_array();
	for (size_t i = 0; i < sizeof DELIVERY_STATES / sizeof *DELIVERY_STATES; i++) {
		struct json_object *item = json_object_new_object();
		page_text(item, "value", DELIVERY_STATES[i].value);
		page_text(item, "label", tr(req, DELIVERY_STATES[i].label));
		page_flag(item, "current", DELIVERY_STATES[i].value && state ? !strcmp(state, DELIVERY_STATES[i].value) : !DELIVERY_STATES[i].value && !state);
		json_object_array_add(states, item);
	}
	json_object_object_add(view, "states", states);
}

/* view may hold what a form sent. */
static enum err endpoint_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct webhook_input *in = req->input;
	struct json_object *list, *endpoint;
	PGresult *row;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_WEBHOOK_ENDPOINT_GET, PARAMS(req->who.org_id, in->id), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such endpoint");
	TRY(rows_view(&req->ctx, row, 1, &list));
	endpoint = json_object_array_get_idx(list, 0);
	endpoint_view(req, endpoint);
	json_object_object_add(view, "endpoint", json_object_get(endpoint));
	if (!json_object_object_get_ex(view, "groups", NULL)) {
		page_text(view, "url", json_text(endpoint, "url", ""));
		page_text(view, "description", json_text(endpoint, "description", ""));
		add_filters(req, view, json_object_object_get(endpoint, "events"));
	}
	TRY(add_deliveries(req, view, in));
	add_states(req, view, in->state);
	return page(req, rep, "webhook", "Webhook", view);
}

static enum err webhook_page(struct req *req, struct rep *rep)
{
	return endpoint_show(req, rep, page_view(req));
}

/* What went wrong is told on the endpoint's page. */
static enum err endpoint_fault(struct req *req, struct rep *rep, enum err err, struct json_object *view)
{
	TRY(page_fault(req, rep, err, view));
	return endpoint_show(req, rep, view);
}

static enum err to_endpoint(struct req *req, struct rep *rep, const char *id)
{
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/webhooks/%s", id));
}

static enum err to_delivery(struct req *req, struct rep *rep, const char *id)
{
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/deliveries/%s", id));
}

/* Answers the page itself and no redirect, because the secret is shown this once. */
static enum err secret_show(struct req *req, struct rep *rep, const char *id, const char *secret)
{
	struct webhook_input *in = req->input;
	struct json_object *view = page_view(req);
	in->id = id;
	page_text(view, "secret", secret);
	return endpoint_show(req, rep, view);
}

static enum err webhook_make(struct req *req, struct rep *rep)
{
	struct webhook_change change = change_of(req);
	const struct webhook_input *in = req->input;
	enum err err = change_run(&req->ctx, req->house.pool, create_run, &change);
	if (err == OK) {
		rep->status = 201;
		return secret_show(req, rep, arena_strdup(&req->ctx.arena, change.id), change.secret);
	}
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	add_sent(req, view, in);
	page_flag(view, "live", !strcmp(in->mode, "live"));
	return list_show(req, rep, view);
}

static enum err webhook_update(struct req *req, struct rep *rep)
{
	struct webhook_change change = change_of(req);
	const struct webhook_input *in = req->input;
	enum err err = change_run(&req->ctx, req->house.pool, update_run, &change);
	if (err == OK)
		return to_endpoint(req, rep, in->id);
	struct json_object *view = page_view(req);
	add_sent(req, view, in);
	return endpoint_fault(req, rep, err, view);
}

static enum err webhook_switch(struct req *req, struct rep *rep)
{
	const struct webhook_input *in = req->input;
	TRY(change_run(&req->ctx, req->house.pool, switch_run, req));
	return to_endpoint(req, rep, in->id);
}

static enum err webhook_turn(struct req *req, struct rep *rep)
{
	struct webhook_change change = {.req = req};
	const struct webhook_input *in = req->input;
	TRY(change_run(&req->ctx, req->house.pool, rotate_run, &change));
	return secret_show(req, rep, in->id, change.secret);
}

static enum err webhook_try(struct req *req, struct rep *rep)
{
	struct webhook_change change = {.req = req};
	enum err err = change_run(&req->ctx, req->house.pool, test_run, &change);
	return err == OK ? to_delivery(req, rep, change.id) : endpoint_fault(req, rep, err, page_view(req));
}

static enum err webhook_delete(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, delete_run, req));
	return reply_redirect(req, rep, 303, "/webhooks");
}

/* --- one delivery --- */

/* {"request": {"headers": {…}, "body"}} gets headersText, a line for each. */
static void add_headers(struct json_object *attempt, const char *part)
{
	struct json_object *message = json_object_object_get(attempt, part), *headers = json_object_object_get(message, "headers");
	struct buffer text = {0};
	if (!headers)
		return;
	json_object_object_foreach(headers, name, value)
		buffer_printf(&text, "%s: %s\n", name, json_object_get_string(value));
	page_text(message, "headersText", text.data ? text.data : "");
	buffer_free(&text);
}

static void attempt_view(struct req *req, struct json_object *attempt)
{
	add_time(req, attempt, "at");
	add_headers(attempt, "request");
	add_headers(attempt, "response");
	page_flag(attempt, "answered", json_object_object_get(json_object_object_get(attempt, "response"), "headers") != NULL);
}

static enum err delivery_show(struct req *req, struct rep *rep, struct json_object *view)
{
	const struct webhook_input *in = req->input;
	struct json_object *list, *delivery, *log;
	PGresult *row;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_WEBHOOK_DELIVERY_GET, PARAMS(req->who.org_id, in->id), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such delivery");
	TRY(rows_view(&req->ctx, row, 1, &list));
	delivery = json_object_array_get_idx(list, 0);
	add_time(req, delivery, "createdAt");
	add_time(req, delivery, "settledAt");
	add_state(req, delivery);
	page_flag(delivery, "pending", !strcmp(json_text(delivery, "state", ""), "pending"));
	log = json_object_object_get(delivery, "log");
	for (size_t i = 0; i < json_object_array_length(log); i++)
		attempt_view(req, json_object_array_get_idx(log, i));
	json_object_object_add(view, "delivery", json_object_get(delivery));
	return page(req, rep, "webhook-delivery", "Delivery", view);
}

static enum err delivery_page(struct req *req, struct rep *rep)
{
	return delivery_show(req, rep, page_view(req));
}

static enum err delivery_resend(struct req *req, struct rep *rep)
{
	const struct webhook_input *in = req->input;
	enum err err = change_run(&req->ctx, req->house.pool, resend_run, req);
	if (err == OK)
		return to_delivery(req, rep, in->id);
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return delivery_show(req, rep, view);
}

#define READS ACCESS_PAGE, .permission = PERMIT_WEBHOOK_READ, .class = CLASS_PAGE
#define WRITES ACCESS_PAGE, .permission = PERMIT_WEBHOOK_WRITE, .class = CLASS_PAGE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct webhook_input)
#define GOES_ON .shape = REPLY_NOTHING, .status = 303, .form = true

const struct route WEBHOOKS_ROUTES[] = {
	{METHOD_GET, "/webhooks", READS, .run = webhooks_page, .shape = REPLY_PAGE, .doc = "The organisation's webhook endpoints, and a form for another"},
	{METHOD_POST, "/webhooks", WRITES, TAKES(CREATE_INPUT), .run = webhook_make, .shape = REPLY_PAGE, .status = 201, .form = true,
		.doc = "Makes an endpoint and shows its secret, once"},
	{METHOD_GET, "/webhooks/:id", READS, TAKES(SHOW_INPUT), .run = webhook_page, .shape = REPLY_PAGE,
		.doc = "An endpoint with what can be done to it and its deliveries"},
	{METHOD_POST, "/webhooks/:id", WRITES, TAKES(UPDATE_INPUT), .run = webhook_update, GOES_ON, .doc = "Changes an endpoint"},
	{METHOD_POST, "/webhooks/:id/switch", WRITES, TAKES(SWITCH_INPUT), .run = webhook_switch, GOES_ON,
		.doc = "Switches an endpoint off, or on again"},
	{METHOD_POST, "/webhooks/:id/rotate", WRITES, TAKES(ROTATE_INPUT), .run = webhook_turn, .shape = REPLY_PAGE, .form = true,
		.doc = "Makes a new secret and shows it, once"},
	{METHOD_POST, "/webhooks/:id/test", WRITES, TAKES(ENDPOINT_INPUT), .run = webhook_try, GOES_ON,
		.doc = "Sends a test event and leads to its delivery"},
	{METHOD_GET, "/deliveries/:id", READS, TAKES(DELIVERY_INPUT), .run = delivery_page, .shape = REPLY_PAGE,
		.doc = "A delivery with every attempt, cut and without secrets"},
	{METHOD_POST, "/deliveries/:id/resend", WRITES, TAKES(DELIVERY_INPUT), .run = delivery_resend, GOES_ON, .doc = "Sends a delivery once more"},
	{METHOD_POST, "/webhooks/:id/delete", WRITES, TAKES(ENDPOINT_INPUT), .run = webhook_delete, GOES_ON,
		.doc = "Deletes an endpoint with its deliveries"},
	ROUTE_END};
