#include "retention/flows.h"

#include "retention/flow.h"
#include "retention/retention.h"
#include "web/budget.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

struct flow_body {
	const char *id, *if_match, *name, *language, *segment, *segment_id, *plan, *region, *cancel_at;
	struct json_object *steps;
	int64_t ranking;
	bool ranking_given;
};

#define BODY_FIELD(member, name, type, ...) INPUT(struct flow_body, member, name, IN_BODY, type, __VA_ARGS__)
#define BODY_FIELDS \
	BODY_FIELD(name, "name", FIELD_TEXT, .required = true, .least = 1, .most = 255, .doc = "its name, for its owner"), \
	BODY_FIELD(language, "language", FIELD_TEXT, .required = true, .least = 2, .most = 35, \
		.doc = "that the steps are written in: two lower-case letters"), \
	BODY_FIELD(segment, "segment", FIELD_ENUM, .nullable = true, .choices = "trial|low|medium|high", .doc = "only for this value segment"), \
	BODY_FIELD(segment_id, "segmentId", FIELD_ID, .nullable = true, .doc = "only for this named segment"), \
	BODY_FIELD(plan, "plan", FIELD_TEXT, .nullable = true, .least = 1, .most = 64, .doc = "only for this plan"), \
	BODY_FIELD(region, "region", FIELD_TEXT, .nullable = true, .least = 1, .most = 16, .doc = "only for this region"), \
	BODY_FIELD(ranking, "rankingScore", FIELD_INT, .least = 0, .most = 100, .present = offsetof(struct flow_body, ranking_given), \
		.doc = "the highest of those that fit is shown; 50 unless given"), \
	BODY_FIELD(cancel_at, "cancelAt", FIELD_ENUM, .nullable = true, .choices = "host|stripe", .doc = "who cancels; host unless given"), \
	BODY_FIELD(steps, "steps", FIELD_JSON, .required = true, .least = 2, .most = FLOW_DOCUMENT_BYTES, \
		.doc = "array of at most 20 steps; a draft's may be incomplete")

static const struct field CREATE_INPUT[] = {BODY_FIELDS, FIELD_END};

#define PATH_ID(type) INPUT(type, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow")
#define IF_MATCH(type) \
	INPUT(type, if_match, "If-Match", IN_HEADER, FIELD_TEXT, .required = true, .least = 1, .most = 32, \
		.doc = "the ETag of the draft that was read: its revision")

static const struct field SAVE_INPUT[] = {PATH_ID(struct flow_body), IF_MATCH(struct flow_body), BODY_FIELDS, FIELD_END};

struct flow_input {
	const char *id, *if_match, *from, *until;
	int64_t version;
	bool activate;
};

static const struct field ID_INPUT[] = {PATH_ID(struct flow_input), FIELD_END};

static const struct field PUBLISH_INPUT[] = {PATH_ID(struct flow_input), IF_MATCH(struct flow_input),
	INPUT(struct flow_input, activate, "activate", IN_BODY, FIELD_BOOL, .doc = "true: customers see it at once"), FIELD_END};

static const struct field ACTIVATE_INPUT[] = {PATH_ID(struct flow_input),
	INPUT(struct flow_input, from, "from", IN_BODY, FIELD_TEXT, .nullable = true, .least = 20, .most = 35,
		.doc = "from when customers see it, RFC 3339; at once unless given"),
	INPUT(struct flow_input, until, "until", IN_BODY, FIELD_TEXT, .nullable = true, .least = 20, .most = 35,
		.doc = "until when, RFC 3339; for good unless given"),
	FIELD_END};

#define PATH_VERSION \
	INPUT(struct flow_input, version, "version", IN_PATH, FIELD_INT, .required = true, .least = 1, .most = INT32_MAX, .doc = "the version")
static const struct field VERSION_INPUT[] = {PATH_ID(struct flow_input), PATH_VERSION, FIELD_END};
static const struct field RESTORE_INPUT[] = {PATH_ID(struct flow_input), PATH_VERSION, IF_MATCH(struct flow_input), FIELD_END};

struct flows_input { const char *id, *status, *cursor; int64_t limit; };

#define LIST_FIELDS \
	INPUT(struct flows_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"), \
	INPUT(struct flows_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before")
static const struct field FLOWS_INPUT[] = {
	INPUT(struct flows_input, status, "status", IN_QUERY, FIELD_ENUM, .choices = "draft|active|inactive|archived",
		.doc = "only these; draft: never published"), LIST_FIELDS, FIELD_END};
static const struct field VERSIONS_INPUT[] = {PATH_ID(struct flows_input), LIST_FIELDS, FIELD_END};

/* --- reading --- */

static enum err flows_list(struct req *req, struct rep *rep)
{
	const struct flows_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;

	return reply_list(req, rep,
		PARAMS(req->who.org_id, input->cursor ? input->cursor : ID_LAST, input->status, pg_int(&req->ctx, limit + 1)), limit);
}

enum err flow_reply(struct req *req, struct rep *rep, const char *id)
{
	PGresult *result;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_FLOW_GET, PARAMS(req->who.org_id, id), &result));
	if (PQntuples(result) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "No such flow");
	reply_header(rep, "ETag", arena_printf(&req->ctx.arena, "\"%s\"", pg_text(result, 0, "revision")));
	rep->type = BODY_JSON;
	buffer_text(&rep->body, "{\"data\":");
	rows_object(&rep->body, result, 0);
	buffer_char(&rep->body, '}');
	return OK;
}

static enum err flows_get(struct req *req, struct rep *rep)
{
	return flow_reply(req, rep, ((const struct flow_input *)req->input)->id);
}

static enum err versions_list(struct req *req, struct rep *rep)
{
	const struct flows_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;
	PGresult *known;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_FLOW_KNOWN, PARAMS(req->who.org_id, input->id), &known));
	if (PQntuples(known) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "No such flow");
	return reply_list(req, rep, PARAMS(req->who.org_id, input->id, input->cursor ? input->cursor : pg_int(&req->ctx, INT32_MAX),
		pg_int(&req->ctx, limit + 1)), limit);
}

static enum err version_get(struct req *req, struct rep *rep)
{
	const struct flow_input *input = req->input;

	return reply_row(req, rep, PARAMS(req->who.org_id, input->id, pg_int(&req->ctx, input->version)), "version of a flow");
}

/* --- changing --- */

static enum err revision_read(struct req *req, const char *etag, const char **revision_out)
{
	*revision_out = etag_version(&req->ctx, etag);
	return *revision_out ? OK : fail_field(&req->ctx, ERR_PRECONDITION, "If-Match", "If-Match is no revision of this flow's draft");
}

struct flow_task {
	const struct flow_change *change;
	struct json_object *document;
	const struct flow_input *input;
	char id[ID_TEXT]; /* of a new flow */
};

typedef enum err flow_step(struct ctx *ctx, struct lease *lease, struct flow_task *task);

static enum err flow_run(struct req *req, const char *id, const char *if_match, flow_step *step, struct flow_task *task)
{
	struct audit audit = audit_of(req, NULL, NULL, NULL);
	struct flow_change change = {.by = &audit, .account_id = req->who.kind == WHO_SESSION ? req->who.account_id : NULL, .id = id};
	struct lease lease;
	enum err err;

	if (if_match)
		TRY(revision_read(req, if_match, &change.revision));
	task->change = &change;
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = pg_begin(&lease);
	if (err == OK)
		err = step(&req->ctx, &lease, task);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	return err;
}

/* For what customers may notice. */
static enum err flow_run_seen(struct req *req, struct rep *rep, flow_step *step, const char *if_match)
{
	const struct flow_input *input = req->input;
	struct flow_task task = {.input = input};

	TRY(flow_run(req, input->id, if_match, step, &task));
	flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return flow_reply(req, rep, input->id);
}

static enum err flow_made(struct req *req, struct rep *rep, const char *id)
{
	rep->status = 201;
	reply_header(rep, "Location", arena_printf(&req->ctx.arena, "/api/v1/retention/flows/%s", id));
	return flow_reply(req, rep, id);
}

static enum err create_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_create(ctx, lease, task->change, task->document, task->id);
}

enum err flow_create_reply(struct req *req, struct rep *rep, struct json_object *document)
{
	struct flow_task task = {.document = document};

	TRY(flow_run(req, NULL, NULL, create_step, &task));
	return flow_made(req, rep, task.id);
}

static void text_add(struct json_object *document, const char *name, const char *text)
{
	if (text)
		json_object_object_add(document, name, json_object_new_string(text));
}

static struct json_object *document_of(struct req *req, const struct flow_body *body)
{
	struct json_object *document = json_own(&req->ctx, json_object_new_object());

	text_add(document, "name", body->name);
	text_add(document, "language", body->language);
	text_add(document, "segment", body->segment);
	text_add(document, "segmentId", body->segment_id);
	text_add(document, "plan", body->plan);
	text_add(document, "region", body->region);
	if (body->ranking_given)
		json_object_object_add(document, "rankingScore", json_object_new_int64(body->ranking));
	text_add(document, "cancelAt", body->cancel_at);
	json_object_object_add(document, "steps", json_object_get(body->steps));
	return document;
}

static enum err flows_create(struct req *req, struct rep *rep)
{
	return flow_create_reply(req, rep, document_of(req, req->input));
}

static enum err save_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_save(ctx, lease, task->change, task->document);
}

static enum err flows_save(struct req *req, struct rep *rep)
{
	const struct flow_body *body = req->input;
	struct flow_task task = {.document = document_of(req, body)};

	TRY(flow_run(req, body->id, body->if_match, save_step, &task));
	return flow_reply(req, rep, body->id);
}

static enum err restore_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_restore(ctx, lease, task->change, task->input->version);
}

static enum err version_restore(struct req *req, struct rep *rep)
{
	const struct flow_input *input = req->input;
	struct flow_task task = {.input = input};

	TRY(flow_run(req, input->id, input->if_match, restore_step, &task));
	return flow_reply(req, rep, input->id);
}

static enum err publish_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_publish(ctx, lease, task->change, task->input->activate);
}

static enum err flows_publish(struct req *req, struct rep *rep)
{
	return flow_run_seen(req, rep, publish_step, ((const struct flow_input *)req->input)->if_match);
}

static enum err activate_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_activate(ctx, lease, task->change, task->input->from, task->input->until);
}

static enum err flows_activate(struct req *req, struct rep *rep)
{
	return flow_run_seen(req, rep, activate_step, NULL);
}

static enum err deactivate_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_deactivate(ctx, lease, task->change);
}

static enum err flows_deactivate(struct req *req, struct rep *rep)
{
	return flow_run_seen(req, rep, deactivate_step, NULL);
}

static enum err archive_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_archive(ctx, lease, task->change, true);
}

static enum err flows_archive(struct req *req, struct rep *rep)
{
	return flow_run_seen(req, rep, archive_step, NULL);
}

static enum err unarchive_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_archive(ctx, lease, task->change, false);
}

static enum err flows_unarchive(struct req *req, struct rep *rep)
{
	return flow_run_seen(req, rep, unarchive_step, NULL);
}

static enum err duplicate_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_duplicate(ctx, lease, task->change, task->id);
}

static enum err flows_duplicate(struct req *req, struct rep *rep)
{
	const struct flow_input *input = req->input;
	struct flow_task task = {.input = input};

	TRY(flow_run(req, input->id, NULL, duplicate_step, &task));
	return flow_made(req, rep, task.id);
}

static enum err delete_step(struct ctx *ctx, struct lease *lease, struct flow_task *task)
{
	return flow_delete(ctx, lease, task->change);
}

static enum err flows_delete(struct req *req, struct rep *rep)
{
	const struct flow_input *input = req->input;
	struct flow_task task = {.input = input};

	(void)rep;
	return flow_run(req, input->id, NULL, delete_step, &task);
}

#define READS .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ
#define WRITES .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_FLOW_SAVE
#define TAKES(input_, type_) .input = (input_), .input_size = sizeof(type_)
#define ONE_FLOW .shape = REPLY_ROW, .rows = &SQL_RETENTION_FLOW_GET
#define FLOWS "/api/v1/retention/flows"

const struct route RETENTION_FLOW_ROUTES[] = {
	{METHOD_GET, FLOWS, READS, .class = CLASS_LIST_, TAKES(FLOWS_INPUT, struct flows_input), .run = flows_list, .shape = REPLY_LIST,
		.rows = &SQL_RETENTION_FLOWS_LIST, .doc = "Lists the flows, newest first"},
	{METHOD_POST, FLOWS, WRITES, TAKES(CREATE_INPUT, struct flow_body), .run = flows_create, ONE_FLOW, .status = 201,
		.budget = &BUDGET_RULED, .doc = "Creates a flow as a draft"},
	{METHOD_GET, FLOWS "/:id", READS, .class = CLASS_ADMIN, TAKES(ID_INPUT, struct flow_input), .run = flows_get, ONE_FLOW,
		.doc = "Reads a flow with its draft; the ETag is the draft's revision"},
	{METHOD_PUT, FLOWS "/:id", WRITES, TAKES(SAVE_INPUT, struct flow_body), .run = flows_save, ONE_FLOW,
		.budget = &BUDGET_CHANGE, .doc = "Replaces a flow's draft; 412 when somebody else has saved since it was read"},
	{METHOD_DELETE, FLOWS "/:id", WRITES, TAKES(ID_INPUT, struct flow_input), .run = flows_delete, .shape = REPLY_NOTHING,
		.budget = &BUDGET_CHANGE, .doc = "Deletes a flow that was never published"},
	{METHOD_POST, FLOWS "/:id/publish", WRITES, TAKES(PUBLISH_INPUT, struct flow_input), .run = flows_publish, ONE_FLOW,
		.budget = &BUDGET_RULED, .doc = "Makes the draft the next version, when it has no errors; sessions that run keep theirs"},
	{METHOD_POST, FLOWS "/:id/activate", WRITES, TAKES(ACTIVATE_INPUT, struct flow_input), .run = flows_activate, ONE_FLOW,
		.budget = &BUDGET_RULED, .doc = "Shows the published version to customers, now or from a time until a time"},
	{METHOD_POST, FLOWS "/:id/deactivate", WRITES, TAKES(ID_INPUT, struct flow_input), .run = flows_deactivate, ONE_FLOW,
		.budget = &BUDGET_RULED, .doc = "Shows the flow to nobody"},
	{METHOD_POST, FLOWS "/:id/archive", WRITES, TAKES(ID_INPUT, struct flow_input), .run = flows_archive, ONE_FLOW,
		.budget = &BUDGET_RULED, .doc = "Puts a flow away: nobody sees it and nothing of it changes"},
	{METHOD_POST, FLOWS "/:id/unarchive", WRITES, TAKES(ID_INPUT, struct flow_input), .run = flows_unarchive, ONE_FLOW,
		.budget = &BUDGET_RULED, .doc = "Takes a flow back from the archive, shown to nobody"},
	{METHOD_POST, FLOWS "/:id/duplicate", WRITES, TAKES(ID_INPUT, struct flow_input), .run = flows_duplicate, ONE_FLOW, .status = 201,
		.budget = &BUDGET_RULED, .doc = "Creates a flow with a copy of this one's draft"},
	{METHOD_GET, FLOWS "/:id/versions", READS, .class = CLASS_LIST_, TAKES(VERSIONS_INPUT, struct flows_input), .run = versions_list,
		.shape = REPLY_LIST, .rows = &SQL_RETENTION_FLOW_VERSIONS, .doc = "Lists a flow's published versions, newest first"},
	{METHOD_GET, FLOWS "/:id/versions/:version", READS, .class = CLASS_ADMIN, TAKES(VERSION_INPUT, struct flow_input), .run = version_get,
		.shape = REPLY_ROW, .rows = &SQL_RETENTION_FLOW_VERSION, .doc = "Reads a published version, which never changes"},
	{METHOD_POST, FLOWS "/:id/versions/:version/restore", WRITES, TAKES(RESTORE_INPUT, struct flow_input), .run = version_restore, ONE_FLOW,
		.budget = &BUDGET_CHANGE, .doc = "Makes a flow's draft what a version was"},
	ROUTE_END};
