#include "retention/family.h"

#include "retention/report.h"
#include "sql.h"

#include <string.h>

struct report_input {
	const char *id, *from, *to, *part, *prefer;
	bool live, live_given, mail;
};

static const struct field MAKE_INPUT[] = {
	INPUT(struct report_input, from, "from", IN_BODY, FIELD_TEXT, .required = true, .least = 10, .most = 10,
		.doc = "the first day (UTC), such as 2026-01-01"),
	INPUT(struct report_input, to, "to", IN_BODY, FIELD_TEXT, .required = true, .least = 10, .most = 10,
		.doc = "the last day, at most a year later"),
	INPUT(struct report_input, mail, "mail", IN_BODY, FIELD_BOOL, .doc = "also mail it to you; not for API keys"),
	INPUT(struct report_input, live, "live", IN_BODY, FIELD_BOOL, .present = offsetof(struct report_input, live_given),
		.doc = "false: test data"),
	INPUT_PREFER(struct report_input, prefer),
	FIELD_END};

static const struct field MAKE_REPLY[] = {
	REPLY("id", FIELD_ID, .required = true, .doc = "the job's id, which is the report's too"),
	REPLY("state", FIELD_ENUM, .required = true, .choices = "waiting|running|done|dead|cancelled", .doc = "how the job stands"),
	REPLY("result", FIELD_JSON, .required = true, .nullable = true,
		.doc = "once it is done: the totals, and in csv and daysCsv the paths of the report's two tables"),
	REPLY("message", FIELD_TEXT, .required = true, .nullable = true, .doc = "why the last attempt failed"),
	FIELD_END};

static const struct field FILE_INPUT[] = {
	INPUT(struct report_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the report"),
	INPUT(struct report_input, part, "part", IN_QUERY, FIELD_ENUM, .choices = "sessions|days",
		.doc = "a line a session (default), or a line a day and currency"),
	FIELD_END};

static enum err report_start(struct req *req, char id_out[ID_TEXT])
{
	const struct report_input *input = req->input;
	struct report_new new = {.org_id = req->who.org_id, .from = input->from, .to = input->to,
		.customers = who_may(&req->who, PERMIT_CUSTOMER_TEXT), .account_id = input->mail ? req->who.account_id : NULL};
	struct lease lease;

	if (input->mail && req->who.kind != WHO_SESSION)
		return fail_field(&req->ctx, ERR_INVALID, "mail", "A key has no address to mail to");
	TRY(mode_choose(req, input->live_given, input->live, &new.live));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = report_enqueue(&req->ctx, &lease, &new, id_out);
	lease_return(&lease);
	return err;
}

static void text_add(struct json_object *reply, const char *name, const char *text)
{
	json_object_object_add(reply, name, text ? json_object_new_string(text) : NULL);
}

/* 202, or 200 when the client waited for the end. */
static enum err report_make(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object()), *result = NULL;
	struct job_status status = {.state = "waiting"};
	char id[ID_TEXT];

	TRY(report_start(req, id));
	int wait_ms = prefer_wait_ms(req, rep);
	if (wait_ms)
		TRY(job_wait(&req->ctx, req->house.pool, req->who.org_id, id, wait_ms, &status));
	if (status.result)
		TRY(json_read(&req->ctx, status.result, strlen(status.result), JSON_DEPTH, &result));
	text_add(reply, "id", id);
	text_add(reply, "state", status.state);
	json_object_object_add(reply, "result", json_object_get(result));
	text_add(reply, "message", status.message);
	reply_header(rep, "Location", arena_printf(&req->ctx.arena, "/api/v1/jobs/%s", id));
	rep->status = status.finished ? 200 : 202;
	return reply_json(req, rep, reply);
}

static enum err report_file(struct req *req, struct rep *rep)
{
	const struct report_input *input = req->input;
	const char *part = input->part ? input->part : "sessions";
	const char *mode = req->who.kind == WHO_SERVER_KEY ? pg_bool(req->who.live) : NULL;
	PGresult *row;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_REPORT_FILE, PARAMS(req->who.org_id, input->id,
		pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT)), mode, part), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such report, or no longer");
	reply_header(rep, "Content-Type", "text/csv; charset=utf-8; header=present");
	reply_header(rep, "Content-Disposition", arena_printf(&req->ctx.arena, "attachment; filename=\"%s-%s-%s.csv\"", part,
		pg_text(row, 0, "from_day"), pg_text(row, 0, "to_day")));
	rep->type = BODY_TEXT;
	buffer_text(&rep->body, pg_text(row, 0, "csv"));
	return OK;
}

static const struct rate_limit MAKE_LIMIT = {20, 60, 0};

const struct route RETENTION_REPORT_ROUTES[] = {
	{.method = METHOD_POST, .path = "/api/v1/retention/reports", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_WRITE, .input = MAKE_INPUT, .input_size = sizeof(struct report_input), .run = report_make,
		.shape = REPLY_FIELDS, .reply = MAKE_REPLY, .status = 202, .also = 200, .limit = &MAKE_LIMIT,
		.doc = "Starts a report of the sessions of some days; Location is its job. With Prefer: wait=N the answer may be the result"},
	{.method = METHOD_GET, .path = "/api/v1/retention/reports/:id", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_UPLOAD, .input = FILE_INPUT, .input_size = sizeof(struct report_input), .run = report_file,
		.shape = REPLY_PLAIN, .media = "text/csv",
		.doc = "A report as CSV, kept for 7 days; one that names customers only for those who may know them"},
	ROUTE_END};
