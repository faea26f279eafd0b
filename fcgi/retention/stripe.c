#include "retention/family.h"

#include "billing/billing.h"
#include "event/event.h"
#include "identity/identity.h"
#include "sql.h"

#include <string.h>

#define OVERLAP_HOURS 24

struct stripe_input {
	const char *mode, *secret, *prefer;
	int64_t overlap_hours;
	bool overlap_given;
};

#define MODE_FIELD INPUT(struct stripe_input, mode, "mode", IN_PATH, FIELD_ENUM, .required = true, .choices = "live|test", .doc = "the mode")

static const struct field MODE_INPUT[] = {MODE_FIELD, FIELD_END};
static const struct field JOB_INPUT[] = {MODE_FIELD, INPUT_PREFER(struct stripe_input, prefer), FIELD_END};
static const struct field SECRET_INPUT[] = {
	MODE_FIELD,
	INPUT(struct stripe_input, secret, "secret", IN_BODY, FIELD_TEXT, .required = true, .least = 16, .most = 255,
		.doc = "the endpoint's signing secret, whsec_...; never shown again"),
	INPUT(struct stripe_input, overlap_hours, "overlapHours", IN_BODY, FIELD_INT, .least = 0, .most = 72,
		.present = offsetof(struct stripe_input, overlap_given), .doc = "hours for which the secret before stays good, 24 unless given"),
	FIELD_END};

static const struct field JOB_REPLY[] = {
	REPLY("id", FIELD_ID, .required = true, .doc = "the job's id"),
	REPLY("state", FIELD_ENUM, .required = true, .choices = "waiting|running|done|dead|cancelled", .doc = "how the job stands"),
	REPLY("message", FIELD_TEXT, .required = true, .nullable = true, .doc = "why the last attempt failed"),
	FIELD_END};

static enum err mode_of(struct req *req, bool *live_out)
{
	const struct stripe_input *input = req->input;

	return mode_choose(req, true, !strcmp(input->mode, "live"), live_out);
}

static enum err stripe_get(struct req *req, struct rep *rep)
{
	bool live;

	TRY(mode_of(req, &live));
	return reply_row(req, rep, PARAMS(req->who.org_id, pg_bool(live)), "connection");
}

static enum err secret_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct stripe_input *input = req->input;
	struct audit audit = audit_of(req, "connection.secret", "stripe_connection", input->mode);
	int64_t hours = input->overlap_given ? input->overlap_hours : OVERLAP_HOURS;
	char endpoint[ID_TEXT];

	TRY(billing_secret_set(ctx, lease, req->who.org_id, !strcmp(input->mode, "live"), input->secret, (int)hours * 3600, endpoint));
	audit.after = audit_note(ctx, "endpoint", endpoint, NULL);
	return event_audit(lease, &audit);
}

static enum err secret_put(struct req *req, struct rep *rep)
{
	TRY(change_run(&req->ctx, req->house.pool, secret_run, req));
	return stripe_get(req, rep);
}

typedef enum err job_starter(struct ctx *ctx, struct lease *lease, const char *org_id, bool live, char id_out[ID_TEXT]);

struct starting {
	struct req *req;
	job_starter *start;
	bool live;
	char id[ID_TEXT];
};

static enum err start_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct starting *starting = argument;

	return starting->start(ctx, lease, starting->req->who.org_id, starting->live, starting->id);
}

/* 202, or 200 when the client waited for the end. */
static enum err job_begun(struct req *req, struct rep *rep, job_starter *start)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());
	struct job_status status = {.state = "waiting"};
	struct starting starting = {req, start, false, ""};

	TRY(mode_of(req, &starting.live));
	TRY(change_run(&req->ctx, req->house.pool, start_run, &starting));
	int wait_ms = prefer_wait_ms(req, rep);
	if (*starting.id)
		TRY(job_wait(&req->ctx, req->house.pool, req->who.org_id, starting.id, wait_ms, &status));
	json_object_object_add(reply, "id", json_object_new_string(starting.id));
	json_object_object_add(reply, "state", json_object_new_string(status.state));
	json_object_object_add(reply, "message", status.message ? json_object_new_string(status.message) : NULL);
	reply_header(rep, "Location", arena_printf(&req->ctx.arena, "/api/v1/jobs/%s", starting.id));
	rep->status = status.finished ? 200 : 202;
	return reply_json(req, rep, reply);
}

static enum err import_start(struct req *req, struct rep *rep)
{
	return job_begun(req, rep, billing_import_start);
}

static enum err check_start(struct req *req, struct rep *rep)
{
	return job_begun(req, rep, billing_check_start);
}

static const struct rate_limit JOB_LIMIT = {20, 60, 0};

#define STRIPE_PATH "/api/v1/retention/stripe/:mode"
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct stripe_input)

const struct route RETENTION_STRIPE_ROUTES[] = {
	{.method = METHOD_GET, .path = STRIPE_PATH "/state", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ, .class = CLASS_ADMIN,
		TAKES(MODE_INPUT), .run = stripe_get, .shape = REPLY_ROW, .rows = &SQL_RETENTION_STRIPE_GET,
		.doc = "How a mode's connection to Stripe stands: key, permissions, endpoint, last event, import"},
	{.method = METHOD_PUT, .path = STRIPE_PATH "/secret", .access = ACCESS_PERMISSION, .permission = PERMIT_CONNECTION_WRITE, .class = CLASS_ADMIN,
		TAKES(SECRET_INPUT), .run = secret_put, .shape = REPLY_ROW, .rows = &SQL_RETENTION_STRIPE_GET,
		.doc = "Sets the endpoint's signing secret; the one before stays good for a while"},
	{.method = METHOD_POST, .path = STRIPE_PATH "/check", .access = ACCESS_PERMISSION, .permission = PERMIT_CONNECTION_WRITE, .class = CLASS_WRITE,
		TAKES(JOB_INPUT), .run = check_start, .shape = REPLY_FIELDS, .reply = JOB_REPLY, .status = 202, .also = 200, .limit = &JOB_LIMIT,
		.doc = "Asks Stripe what the key may do; Location is the job, and the outcome stands in scopes and missing"},
	{.method = METHOD_POST, .path = STRIPE_PATH "/import", .access = ACCESS_PERMISSION, .permission = PERMIT_CONNECTION_WRITE, .class = CLASS_WRITE,
		TAKES(JOB_INPUT), .run = import_start, .shape = REPLY_FIELDS, .reply = JOB_REPLY, .status = 202, .also = 200, .limit = &JOB_LIMIT,
		.doc = "Reads customers, subscriptions, catalogue and paid invoices from Stripe, or goes on; Location is the job"},
	ROUTE_END};
