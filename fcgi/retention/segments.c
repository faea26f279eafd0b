#include "retention/family.h"

#include "identity/identity.h"
#include "pg/rows.h"
#include "retention/segment.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

struct segment_input {
	const char *id, *if_match, *name, *cursor;
	struct json_object *condition;
	int64_t limit;
	bool live, live_given;
};

#define ID_FIELD INPUT(struct segment_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the segment")
#define CONDITION_FIELD INPUT(struct segment_input, condition, "condition", IN_BODY, FIELD_JSON, .required = true, .least = 2, .most = SEGMENT_BYTES, \
	.doc = "{all: […]}, {any: […]}, {not: …} or {fact, op, value}: plan, region, language, currency, segment, status, interval, value, tenure, " \
		"attempts, discounted, paused, attribute.NAME")
#define BODY_FIELDS \
	INPUT(struct segment_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 120, .doc = "its name"), CONDITION_FIELD

static const struct field ID_INPUT[] = {ID_FIELD, FIELD_END};
static const struct field CREATE_INPUT[] = {BODY_FIELDS, FIELD_END};
static const struct field UPDATE_INPUT[] = {
	ID_FIELD,
	INPUT(struct segment_input, if_match, "If-Match", IN_HEADER, FIELD_TEXT, .required = true, .least = 1, .most = 32, .doc = "the ETag of the version to replace"),
	BODY_FIELDS, FIELD_END};
static const struct field LIST_INPUT[] = {
	INPUT(struct segment_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct segment_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	FIELD_END};
static const struct field PREVIEW_INPUT[] = {
	CONDITION_FIELD,
	INPUT(struct segment_input, live, "live", IN_BODY, FIELD_BOOL, .present = offsetof(struct segment_input, live_given), .doc = "false: test data"),
	FIELD_END};
static const struct field PREVIEW_REPLY[] = {
	REPLY("count", FIELD_INT, .required = true, .doc = "customers that the condition holds for"),
	REPLY("words", FIELD_TEXT, .required = true, .most = 65536, .doc = "the condition in words, in the language of the person, else of Accept-Language"),
	REPLY("sample", FIELD_JSON, .required = true,
		.doc = "20 of them: id, ref, name, email (null for who may not read them), plan, value, currency, status, tenure, attempts"),
	FIELD_END};

/* The segment as it is stored now, its version as ETag. */
static enum err segment_reply(struct req *req, struct rep *rep, const char *id)
{
	PGresult *row;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_SEGMENT_GET, PARAMS(req->who.org_id, id), &row));
	if (PQntuples(row) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such segment");
	reply_header(rep, "ETag", arena_printf(&req->ctx.arena, "\"%s\"", pg_text(row, 0, "version")));
	rep->type = BODY_JSON;
	buffer_text(&rep->body, "{\"data\":");
	rows_object(&rep->body, row, 0);
	buffer_char(&rep->body, '}');
	return OK;
}

static enum err segments_list(struct req *req, struct rep *rep)
{
	const struct segment_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;

	return reply_list(req, rep, PARAMS(req->who.org_id, input->cursor ? input->cursor : ID_LAST, pg_int(&req->ctx, limit + 1)), limit);
}

static enum err segments_get(struct req *req, struct rep *rep)
{
	return segment_reply(req, rep, ((const struct segment_input *)req->input)->id);
}

/* One change in its transaction. */
struct run {
	struct req *req;
	struct segment_change change;
	enum err (*what)(struct ctx *ctx, struct lease *lease, const struct segment_change *change);
	char id[ID_TEXT];
};

static enum err run_work(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct run *run = argument;

	return run->what ? run->what(ctx, lease, &run->change) : segment_create(ctx, lease, &run->change, run->id);
}

static enum err run_change(struct run *run)
{
	const struct segment_input *input = run->req->input;
	const struct audit by = audit_of(run->req, NULL, NULL, NULL);

	run->change.by = &by;
	run->change.id = input->id;
	run->change.name = input->name;
	run->change.condition = input->condition;
	TRY(change_run(&run->req->ctx, run->req->house.pool, run_work, run));
	flows_forget(&run->req->ctx, run->req->house.cache, run->req->who.org_id);
	return OK;
}

static enum err segments_create(struct req *req, struct rep *rep)
{
	struct run run = {.req = req};

	TRY(run_change(&run));
	rep->status = 201;
	reply_header(rep, "Location", arena_printf(&req->ctx.arena, "/api/v1/retention/segments/%s", run.id));
	return segment_reply(req, rep, run.id);
}

static enum err version_read(struct req *req, const char *etag, const char **version_out)
{
	*version_out = etag_version(&req->ctx, etag);
	return *version_out ? OK : fail_field(&req->ctx, ERR_PRECONDITION, "If-Match", "If-Match is no version of this segment");
}

static enum err segments_update(struct req *req, struct rep *rep)
{
	const struct segment_input *input = req->input;
	struct run run = {.req = req, .what = segment_update};

	TRY(version_read(req, input->if_match, &run.change.version));
	TRY(run_change(&run));
	return segment_reply(req, rep, input->id);
}

static enum err segments_delete(struct req *req, struct rep *rep)
{
	struct run run = {.req = req, .what = segment_delete};

	TRY(run_change(&run));
	rep->status = 204;
	return OK;
}

static enum err segments_preview(struct req *req, struct rep *rep)
{
	const struct segment_input *input = req->input;
	struct segment_preview preview;
	struct buffer words = {0};
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	TRY(condition_check(&req->ctx, input->condition, "condition", CONDITION_SEGMENT));
	TRY(segment_preview(&req->ctx, req->house.pool, req->who.org_id, live, input->condition, who_may(&req->who, PERMIT_CUSTOMER_TEXT), &preview));
	condition_words(input->condition, req_language(req), &words);
	rep->type = BODY_JSON;
	buffer_text(&rep->body, "{\"count\":");
	buffer_int(&rep->body, preview.count);
	buffer_text(&rep->body, ",\"words\":");
	buffer_json(&rep->body, words.data, words.length);
	buffer_text(&rep->body, ",\"sample\":");
	rows_array(&rep->body, preview.sample, 0, PQntuples(preview.sample));
	buffer_char(&rep->body, '}');
	buffer_free(&words);
	return OK;
}

#define SEGMENT_ROUTE(method_, path_, permission_, class_, input_, run_, ...) \
	{.method = (method_), .path = "/api/v1/retention/segments" path_, .access = ACCESS_PERMISSION, .permission = (permission_), \
		.class = (class_), .input = (input_), .input_size = sizeof(struct segment_input), .run = (run_), __VA_ARGS__}
#define ROW .shape = REPLY_ROW, .rows = &SQL_RETENTION_SEGMENT_GET

const struct route RETENTION_SEGMENT_ROUTES[] = {
	SEGMENT_ROUTE(METHOD_GET, "", PERMIT_RETENTION_READ, CLASS_LIST_, LIST_INPUT, segments_list, .shape = REPLY_LIST,
		.rows = &SQL_RETENTION_SEGMENTS_LIST, .doc = "Lists the segments of customers, newest first"),
	SEGMENT_ROUTE(METHOD_POST, "", PERMIT_RETENTION_WRITE, CLASS_WRITE, CREATE_INPUT, segments_create, ROW, .status = 201,
		.budget = &BUDGET_CHANGE, .doc = "Makes a segment"),
	SEGMENT_ROUTE(METHOD_GET, "/:id", PERMIT_RETENTION_READ, CLASS_ADMIN, ID_INPUT, segments_get, ROW,
		.doc = "Reads a segment; the ETag is its version"),
	SEGMENT_ROUTE(METHOD_PUT, "/:id", PERMIT_RETENTION_WRITE, CLASS_WRITE, UPDATE_INPUT, segments_update, ROW,
		.budget = &BUDGET_CHANGE, .doc = "Replaces a segment's name and condition; flows that are for it follow at once"),
	SEGMENT_ROUTE(METHOD_DELETE, "/:id", PERMIT_RETENTION_WRITE, CLASS_WRITE, ID_INPUT, segments_delete, .shape = REPLY_NOTHING,
		.budget = &BUDGET_CHANGE, .doc = "Deletes a segment that no flow is for"),
	{.method = METHOD_POST, .path = "/api/v1/retention/segment-preview", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_ANALYTICS, .input = PREVIEW_INPUT, .input_size = sizeof(struct segment_input), .run = segments_preview,
		.shape = REPLY_FIELDS, .reply = PREVIEW_REPLY, .doc = "Counts the customers that a condition holds for, and shows 20; keeps nothing"},
	ROUTE_END};
