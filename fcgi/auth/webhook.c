#include "auth/family.h"
#include "web/budget.h"

#include "sql.h"
#include "webhook/webhook.h"

#include <string.h>

#define OVERLAP_HOURS 24

struct webhook_input {
	const char *id, *url, *description, *cursor, *state;
	struct json_object *events;
	int64_t limit, overlap_hours;
	bool live, enabled, live_given, enabled_given, overlap_given;
};

#define ENDPOINT INPUT(struct webhook_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the endpoint")
#define DELIVERY INPUT(struct webhook_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the delivery")
#define LIMIT INPUT(struct webhook_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given")
#define CURSOR INPUT(struct webhook_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before")
#define URL(...) \
	INPUT(struct webhook_input, url, "url", IN_BODY, FIELD_URL, .least = 1, .most = 2048, \
		.doc = "where events are POSTed: https, a public address, port 443 or above 1023", __VA_ARGS__)
#define EVENTS \
	INPUT(struct webhook_input, events, "events", IN_BODY, FIELD_TEXTS, .least = 0, .most = WEBHOOK_FILTERS, \
		.doc = "event types such as offer.accepted, or groups such as member.*; none: every event")
#define DESCRIPTION \
	INPUT(struct webhook_input, description, "description", IN_BODY, FIELD_TEXT, .least = 0, .most = 255, .doc = "what it is for")
#define ENABLED \
	INPUT(struct webhook_input, enabled, "enabled", IN_BODY, FIELD_BOOL, .present = offsetof(struct webhook_input, enabled_given), \
		.doc = "whether it gets events; true unless given. Enabling forgets earlier failures")

static const struct field LIST_INPUT[] = {LIMIT, CURSOR, FIELD_END};
static const struct field CREATE_INPUT[] = {
	URL(.required = true), EVENTS, DESCRIPTION, ENABLED,
	INPUT(struct webhook_input, live, "live", IN_BODY, FIELD_BOOL, .present = offsetof(struct webhook_input, live_given),
		.doc = "live or test events; true unless given. What has no mode, such as members, is live"),
	FIELD_END};
static const struct field ENDPOINT_INPUT[] = {ENDPOINT, FIELD_END};
static const struct field UPDATE_INPUT[] = {ENDPOINT, URL(.required = false), EVENTS, DESCRIPTION, ENABLED, FIELD_END};
static const struct field ROTATE_INPUT[] = {
	ENDPOINT,
	INPUT(struct webhook_input, overlap_hours, "overlapHours", IN_BODY, FIELD_INT, .least = 0, .most = 720,
		.present = offsetof(struct webhook_input, overlap_given), .doc = "hours for which the old secret also signs, 24 unless given"),
	FIELD_END};
static const struct field DELIVERIES_INPUT[] = {
	ENDPOINT, LIMIT, CURSOR,
	INPUT(struct webhook_input, state, "state", IN_QUERY, FIELD_ENUM, .choices = "pending|delivered|failed|cancelled",
		.doc = "only these"),
	FIELD_END};
static const struct field DELIVERY_INPUT[] = {DELIVERY, FIELD_END};

static const struct field SECRET_REPLY[] = {
	REPLY("id", FIELD_ID, .required = true, .doc = "the endpoint's id"),
	REPLY("secret", FIELD_TEXT, .required = true, .doc = "verifies the signatures (Standard Webhooks), shown this once"),
	FIELD_END};
static const struct field QUEUED_REPLY[] = {
	REPLY("delivery", FIELD_ID, .required = true, .doc = "on its way: GET /api/v1/orgs/deliveries/<this>"),
	FIELD_END};

struct webhook_change {
	struct req *req;
	const struct webhook_input *input;
	const char *events[WEBHOOK_FILTERS];
	int event_count;
	char id[ID_TEXT], secret[WEBHOOK_SECRET_TEXT];
};

static struct webhook_change change_of(struct req *req)
{
	struct webhook_change change = {.req = req, .input = req->input};
	struct json_object *list = change.input->events;

	for (size_t i = 0; list && i < json_object_array_length(list) && i < WEBHOOK_FILTERS; i++)
		change.events[change.event_count++] = json_object_get_string(json_object_array_get_idx(list, i));
	return change;
}

/* The address without its query, which may hold a credential. */
static const char *url_note(struct ctx *ctx, const char *url)
{
	return url ? arena_memdup(&ctx->arena, url, strcspn(url, "?#")) : NULL;
}

static enum err create_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	const struct webhook_input *input = change->input;
	struct req *req = change->req;
	const struct webhook_new new = {.org_id = req->who.org_id, .url = input->url, .description = input->description,
		.created_by = req->who.account_id, .events = change->events, .event_count = change->event_count,
		.live = !input->live_given || input->live, .enabled = !input->enabled_given || input->enabled};

	TRY(webhook_create(ctx, lease, &new, change->id, change->secret));
	return auth_audit(lease, req, "webhook.create", "webhook_endpoint", change->id, NULL,
		audit_note(ctx, "url", url_note(ctx, new.url), "events", pg_array(ctx, new.events, new.event_count), "mode",
			new.live ? "live" : "test", "enabled", new.enabled ? "yes" : "no", NULL));
}

static enum err secret_reply(struct req *req, struct rep *rep, const char *id, const char *secret)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());

	json_object_object_add(reply, "id", json_object_new_string(id));
	json_object_object_add(reply, "secret", json_object_new_string(secret));
	return reply_json(req, rep, reply);
}

static enum err webhook_make(struct req *req, struct rep *rep)
{
	struct webhook_change change = change_of(req);

	TRY(change_run(&req->ctx, req->house.pool, create_run, &change));
	return secret_reply(req, rep, change.id, change.secret);
}

static enum err endpoint_hold(struct lease *lease, const struct req *req, const char *id, PGresult **endpoint_out)
{
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_HOLD, PARAMS(req->who.org_id, id), endpoint_out));
	return PQntuples(*endpoint_out) ? OK : fail(lease->ctx, ERR_NOT_FOUND, "There is no such endpoint");
}

static enum err update_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	const struct webhook_input *input = change->input;
	struct req *req = change->req;
	const char *events = input->events ? pg_array(ctx, change->events, change->event_count) : NULL;
	PGresult *old;

	TRY(endpoint_hold(lease, req, input->id, &old));
	TRY(webhook_check(ctx, input->url, change->events, change->event_count));
	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_UPDATE, PARAMS(req->who.org_id, input->id, input->url, events, input->description,
		input->enabled_given ? pg_bool(input->enabled) : NULL), NULL));
	return auth_audit(lease, req, "webhook.update", "webhook_endpoint", input->id,
		audit_note(ctx, "url", url_note(ctx, pg_text(old, 0, "url")), "events", pg_text(old, 0, "events"), "enabled",
			pg_true(old, 0, "enabled") ? "yes" : "no", NULL),
		audit_note(ctx, "url", url_note(ctx, input->url ? input->url : pg_text(old, 0, "url")), "events",
			events ? events : pg_text(old, 0, "events"), "enabled",
			(input->enabled_given ? input->enabled : pg_true(old, 0, "enabled")) ? "yes" : "no", NULL));
}

static enum err webhook_update(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;
	struct webhook_change change = change_of(req);

	if (!input->url && !input->events && !input->description && !input->enabled_given)
		return fail(&req->ctx, ERR_INVALID, "Nothing is to be changed");
	TRY(change_run(&req->ctx, req->house.pool, update_run, &change));
	return reply_row(req, rep, PARAMS(req->who.org_id, input->id), "endpoint");
}

static enum err delete_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct webhook_input *input = req->input;
	PGresult *result;

	TRY(pg_run(lease, &SQL_WEBHOOK_ENDPOINT_DELETE, PARAMS(req->who.org_id, input->id), &result));
	if (!PQntuples(result))
		return fail(ctx, ERR_NOT_FOUND, "There is no such endpoint");
	return auth_audit(lease, req, "webhook.delete", "webhook_endpoint", input->id,
		audit_note(ctx, "url", url_note(ctx, pg_text(result, 0, "url")), NULL), NULL);
}

static enum err webhook_delete(struct req *req, struct rep *rep)
{
	(void)rep;
	return change_run(&req->ctx, req->house.pool, delete_run, req);
}

static enum err rotate_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	const struct webhook_input *input = change->input;
	int64_t hours = input->overlap_given ? input->overlap_hours : OVERLAP_HOURS;

	TRY(webhook_rotate(ctx, lease, change->req->who.org_id, input->id, (int)hours * 3600, change->secret));
	return auth_audit(lease, change->req, "webhook.rotate", "webhook_endpoint", input->id, NULL,
		audit_note(ctx, "overlapHours", pg_int(ctx, hours), NULL));
}

static enum err secret_rotate(struct req *req, struct rep *rep)
{
	struct webhook_change change = {.req = req, .input = req->input};

	TRY(change_run(&req->ctx, req->house.pool, rotate_run, &change));
	return secret_reply(req, rep, change.input->id, change.secret);
}

static enum err queued_reply(struct req *req, struct rep *rep, const char *id)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());

	json_object_object_add(reply, "delivery", json_object_new_string(id));
	return reply_json(req, rep, reply);
}

static enum err test_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct webhook_change *change = argument;
	const struct who *who = &change->req->who;

	TRY(webhook_test(ctx, lease, who->org_id, change->input->id, who->account_id, change->id));
	return auth_audit(lease, change->req, "webhook.test", "webhook_endpoint", change->input->id, NULL, NULL);
}

static enum err endpoint_test(struct req *req, struct rep *rep)
{
	struct webhook_change change = {.req = req, .input = req->input};

	TRY(change_run(&req->ctx, req->house.pool, test_run, &change));
	return queued_reply(req, rep, change.id);
}

static enum err resend_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct webhook_input *input = req->input;

	TRY(webhook_resend(ctx, lease, req->who.org_id, input->id));
	return auth_audit(lease, req, "webhook.resend", "webhook_delivery", input->id, NULL, NULL);
}

static enum err delivery_resend(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;

	TRY(change_run(&req->ctx, req->house.pool, resend_run, req));
	return queued_reply(req, rep, input->id);
}

static enum err webhook_list(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;
	int limit = auth_list_limit(input->limit);

	return reply_list(req, rep, PARAMS(req->who.org_id, input->cursor, pg_int(&req->ctx, limit)), limit);
}

static enum err webhook_get(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;

	return reply_row(req, rep, PARAMS(req->who.org_id, input->id), "endpoint");
}

/* An endpoint that is not there is told from one without deliveries. */
static enum err delivery_list(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;
	int limit = auth_list_limit(input->limit);
	PGresult *endpoint;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_WEBHOOK_ENDPOINT_GET, PARAMS(req->who.org_id, input->id), &endpoint));
	if (!PQntuples(endpoint))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such endpoint");
	return reply_list(req, rep, PARAMS(req->who.org_id, input->id, input->cursor, input->state, pg_int(&req->ctx, limit)), limit);
}

static enum err delivery_get(struct req *req, struct rep *rep)
{
	const struct webhook_input *input = req->input;

	return reply_row(req, rep, PARAMS(req->who.org_id, input->id), "delivery");
}

#define READS ACCESS_PERMISSION, PERMIT_WEBHOOK_READ
#define WRITES ACCESS_PERMISSION, PERMIT_WEBHOOK_WRITE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct webhook_input)

const struct route AUTH_WEBHOOK_ROUTES[] = {
	{METHOD_GET, "/api/v1/orgs/webhooks", READS, CLASS_LIST_, TAKES(LIST_INPUT), .run = webhook_list, .shape = REPLY_LIST,
		.rows = &SQL_WEBHOOK_ENDPOINT_LIST, .doc = "The organisation's webhook endpoints, newest first"},
	{METHOD_POST, "/api/v1/orgs/webhooks", WRITES, CLASS_ADMIN, TAKES(CREATE_INPUT), .run = webhook_make, .shape = REPLY_FIELDS,
		.reply = SECRET_REPLY, .status = 201,
		.budget = &BUDGET_RULED, .doc = "Makes an endpoint; events come signed (Standard Webhooks), in no order and perhaps twice: drop a webhook-id that you had"},
	{METHOD_GET, "/api/v1/orgs/webhooks/:id", READS, CLASS_READ, TAKES(ENDPOINT_INPUT), .run = webhook_get, .shape = REPLY_ROW,
		.rows = &SQL_WEBHOOK_ENDPOINT_GET, .doc = "One endpoint"},
	{METHOD_PATCH, "/api/v1/orgs/webhooks/:id", WRITES, CLASS_ADMIN, TAKES(UPDATE_INPUT), .run = webhook_update, .shape = REPLY_ROW,
		.rows = &SQL_WEBHOOK_ENDPOINT_GET, .budget = &BUDGET_CHANGE, .doc = "Changes an endpoint, or enables it again"},
	{METHOD_DELETE, "/api/v1/orgs/webhooks/:id", WRITES, CLASS_ADMIN, TAKES(ENDPOINT_INPUT), .run = webhook_delete,
		.shape = REPLY_NOTHING, .budget = &BUDGET_CHANGE, .doc = "Deletes an endpoint with its deliveries; those on their way are dropped"},
	{METHOD_POST, "/api/v1/orgs/webhooks/:id/rotate", WRITES, CLASS_ADMIN, TAKES(ROTATE_INPUT), .run = secret_rotate,
		.shape = REPLY_FIELDS, .reply = SECRET_REPLY, .budget = &BUDGET_CHANGE, .doc = "Makes a new secret; for a while both sign"},
	{METHOD_POST, "/api/v1/orgs/webhooks/:id/test", WRITES, CLASS_ADMIN, TAKES(ENDPOINT_INPUT), .run = endpoint_test,
		.shape = REPLY_FIELDS, .reply = QUEUED_REPLY, .status = 202, .budget = &BUDGET_CHANGE, .doc = "Sends a webhook.test event to this endpoint alone"},
	{METHOD_GET, "/api/v1/orgs/webhooks/:id/deliveries", READS, CLASS_LIST_, TAKES(DELIVERIES_INPUT), .run = delivery_list,
		.shape = REPLY_LIST, .rows = &SQL_WEBHOOK_DELIVERY_LIST, .doc = "An endpoint's deliveries, newest first"},
	{METHOD_GET, "/api/v1/orgs/deliveries/:id", READS, CLASS_READ, TAKES(DELIVERY_INPUT), .run = delivery_get,
		.shape = REPLY_ROW, .rows = &SQL_WEBHOOK_DELIVERY_GET,
		.doc = "One delivery with its attempts: what was sent and what came back, cut to 4 KiB, secrets hidden"},
	{METHOD_POST, "/api/v1/orgs/deliveries/:id/resend", WRITES, CLASS_ADMIN, TAKES(DELIVERY_INPUT), .run = delivery_resend,
		.shape = REPLY_FIELDS, .reply = QUEUED_REPLY, .status = 202, .budget = &BUDGET_CHANGE, .doc = "Sends a delivery once more"},
	ROUTE_END};
