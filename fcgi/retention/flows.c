#include "retention/family.h"

#include "event/event.h"
#include "retention/retention.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

struct flow_body {
	const char *id, *if_match, *name, *language, *segment, *plan, *region, *cancel_at;
	struct json_object *steps;
	int64_t ranking;
	bool ranking_given;
};

#define BODY_FIELD(member, name, type, ...) INPUT(struct flow_body, member, name, IN_BODY, type, __VA_ARGS__)
#define BODY_FIELDS \
	BODY_FIELD(name, "name", FIELD_TEXT, .required = true, .least = 1, .most = 255, .doc = "its name, for its owner"), \
	BODY_FIELD(language, "language", FIELD_TEXT, .required = true, .least = 2, .most = 2, .doc = "two lower-case letters"), \
	BODY_FIELD(segment, "segment", FIELD_ENUM, .nullable = true, .choices = "trial|low|medium|high", .doc = "only for this segment"), \
	BODY_FIELD(plan, "plan", FIELD_TEXT, .nullable = true, .least = 1, .most = 64, .doc = "only for this plan"), \
	BODY_FIELD(region, "region", FIELD_TEXT, .nullable = true, .least = 1, .most = 16, .doc = "only for this region"), \
	BODY_FIELD(ranking, "rankingScore", FIELD_INT, .least = 0, .most = 100, .present = offsetof(struct flow_body, ranking_given), \
		.doc = "the highest of those that fit is shown; 50 unless given"), \
	BODY_FIELD(cancel_at, "cancelAt", FIELD_ENUM, .nullable = true, .choices = "host|stripe", .doc = "who cancels; host unless given"), \
	BODY_FIELD(steps, "steps", FIELD_JSON, .required = true, .least = 2, .most = 65536, .doc = "array of 1 to 20 steps")

static const struct field CREATE_INPUT[] = {BODY_FIELDS, FIELD_END};

static const struct field UPDATE_INPUT[] = {
	INPUT(struct flow_body, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow"),
	INPUT(struct flow_body, if_match, "If-Match", IN_HEADER, FIELD_TEXT, .required = true, .least = 1, .most = 32,
		.doc = "the ETag of the version that is being replaced"),
	BODY_FIELDS, FIELD_END};

struct flow_input { const char *id; };

static const struct field ID_INPUT[] = {
	INPUT(struct flow_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow"), FIELD_END};

struct flows_input { const char *cursor; int64_t limit; };

static const struct field FLOWS_INPUT[] = {
	INPUT(struct flows_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct flows_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	FIELD_END};

static enum err flows_list(struct req *req, struct rep *rep)
{
	const struct flows_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;

	return reply_list(req, rep,
		PARAMS(req->who.org_id, input->cursor ? input->cursor : ID_LAST, pg_int(&req->ctx, limit + 1)), limit);
}

/* The flow as it is stored now, with its version as ETag. */
static enum err flow_reply(struct req *req, struct rep *rep, const char *id)
{
	PGresult *result;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_FLOW_GET, PARAMS(req->who.org_id, id), &result));
	if (PQntuples(result) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "No such flow");
	reply_header(rep, "ETag", arena_printf(&req->ctx.arena, "\"%s\"", pg_text(result, 0, "version")));
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

static enum err body_check(struct req *req, const struct flow_body *body)
{
	if (strspn(body->language, "abcdefghijklmnopqrstuvwxyz") != 2)
		return fail_field(&req->ctx, ERR_INVALID, "language", "language must be two lower-case letters");
	return flow_check(&req->ctx, body->steps);
}

struct flow_write {
	struct req *req;
	const struct statement *statement;
	const char *action, *id, *version; /* version: the one to replace, or NULL */
	const struct flow_body *body;
};

static enum err flow_run(struct lease *lease, const struct flow_write *write, PGresult **result_out)
{
	const struct flow_body *body = write->body;
	struct req *req = write->req;
	struct buffer steps = {0};
	enum err err;

	json_write(&steps, body->steps);
	err = pg_run(lease, write->statement,
		PARAMS(req->who.org_id, write->id, body->name, body->language, body->segment, body->plan, body->region,
			pg_int(&req->ctx, body->ranking_given ? body->ranking : 50), body->cancel_at ? body->cancel_at : "host", steps.data,
			req->who.kind == WHO_SESSION ? req->who.account_id : NULL, write->version), result_out);
	buffer_free(&steps);
	return err;
}

static enum err flow_audit(struct lease *lease, const struct flow_write *write)
{
	struct audit audit = audit_of(write->req, write->action, "flow", write->id);
	struct json_object *after = json_own(&write->req->ctx, json_object_new_object());

	json_object_object_add(after, "name", json_object_new_string(write->body->name));
	json_object_object_add(after, "language", json_object_new_string(write->body->language));
	json_object_object_add(after, "steps", json_object_get(write->body->steps));
	audit.after = json_object_to_json_string_ext(after, JSON_C_TO_STRING_PLAIN);
	if (write->version)
		audit.before = arena_printf(&write->req->ctx.arena, "{\"version\":%s}", write->version);
	TRY(audit_write(lease, &audit));
	/* Without the steps: they are many, and can be asked for. */
	return event_add(&write->req->ctx, lease, &(struct event){.org_id = audit.org_id, .live = true, .actor_kind = audit.actor_kind,
		.actor_id = audit.actor_id, .entity = "flow", .entity_id = write->id, .type = write->version ? "flow.changed" : "flow.created",
		.payload = audit_note(&write->req->ctx, "action", write->action, "name", write->body->name, "language", write->body->language,
			NULL)}, NULL);
}

/* Tells a flow that is not there from one that has been changed meanwhile. */
static enum err update_refuse(struct lease *lease, const struct flow_write *write)
{
	PGresult *result;

	TRY(pg_run(lease, &SQL_RETENTION_FLOW_GET, PARAMS(write->req->who.org_id, write->id), &result));
	if (PQntuples(result) == 0)
		return fail(&write->req->ctx, ERR_NOT_FOUND, "No such flow");
	return fail(&write->req->ctx, ERR_PRECONDITION, "The flow has been changed since: read it again");
}

static enum err flow_store(struct lease *lease, const struct flow_write *write)
{
	PGresult *result;

	TRY(pg_begin(lease));
	TRY(flow_run(lease, write, &result));
	if (write->version && PQntuples(result) == 0)
		return update_refuse(lease, write);
	TRY(flow_audit(lease, write));
	return pg_commit(lease);
}

static enum err flow_write(const struct flow_write *write)
{
	struct req *req = write->req;
	struct lease lease;
	enum err err;

	TRY(body_check(req, write->body));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = flow_store(&lease, write);
	lease_return(&lease);
	if (err == OK)
		flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return err;
}

static enum err flows_create(struct req *req, struct rep *rep)
{
	char id[ID_TEXT];

	id_new(id);
	TRY(flow_write(&(struct flow_write){req, &SQL_RETENTION_FLOW_INSERT, "flow.create", id, NULL, req->input}));
	rep->status = 201;
	reply_header(rep, "Location", arena_printf(&req->ctx.arena, "/api/v1/retention/flows/%s", id));
	return flow_reply(req, rep, id);
}

/* "3", W/"3" or 3. NULL: no version. */
static const char *version_read(struct ctx *ctx, const char *etag)
{
	const char *at = strncmp(etag, "W/", 2) == 0 ? etag + 2 : etag;
	size_t length;

	at += *at == '"';
	length = strspn(at, "0123456789");
	if (length < 1 || length > 9 || strcmp(at + length, at > etag && at[-1] == '"' ? "\"" : "") != 0)
		return NULL;
	return arena_memdup(&ctx->arena, at, length);
}

static enum err flows_update(struct req *req, struct rep *rep)
{
	const struct flow_body *body = req->input;
	const char *version = version_read(&req->ctx, body->if_match);

	if (!version)
		return fail_field(&req->ctx, ERR_PRECONDITION, "If-Match", "If-Match is no version of this flow");
	TRY(flow_write(&(struct flow_write){req, &SQL_RETENTION_FLOW_UPDATE, "flow.update", body->id, version, body}));
	return flow_reply(req, rep, body->id);
}

static enum err status_store(struct lease *lease, struct req *req, const char *id, const char *status)
{
	struct audit audit = audit_of(req, strcmp(status, "active") == 0 ? "flow.activate" : "flow.deactivate", "flow", id);
	PGresult *result;

	TRY(pg_begin(lease));
	TRY(pg_run(lease, &SQL_RETENTION_FLOW_STATUS, PARAMS(req->who.org_id, id, status), &result));
	if (PQntuples(result) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "No such flow");
	audit.before = arena_printf(&req->ctx.arena, "{\"status\":\"%s\"}", pg_text(result, 0, "before"));
	audit.after = arena_printf(&req->ctx.arena, "{\"status\":\"%s\"}", status);
	TRY(event_audit(lease, &audit));
	return pg_commit(lease);
}

static enum err status_change(struct req *req, struct rep *rep, const char *status)
{
	const struct flow_input *input = req->input;
	struct lease lease;
	enum err err;

	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = status_store(&lease, req, input->id, status);
	lease_return(&lease);
	TRY(err);
	flows_forget(&req->ctx, req->house.cache, req->who.org_id);
	return flow_reply(req, rep, input->id);
}

static enum err flows_activate(struct req *req, struct rep *rep)
{
	return status_change(req, rep, "active");
}

static enum err flows_deactivate(struct req *req, struct rep *rep)
{
	return status_change(req, rep, "draft");
}

#define FLOW_ROUTE(method_, path_, permission_, class_, input_, type_, run_, ...) \
	{.method = (method_), .path = "/api/v1/retention/flows" path_, .access = ACCESS_PERMISSION, .permission = (permission_), \
		.class = (class_), .input = (input_), .input_size = sizeof(type_), .run = (run_), .shape = REPLY_ROW, \
		.rows = &SQL_RETENTION_FLOW_GET, __VA_ARGS__}

const struct route RETENTION_FLOW_ROUTES[] = {
	{.method = METHOD_GET, .path = "/api/v1/retention/flows", .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ,
		.class = CLASS_LIST_, .input = FLOWS_INPUT, .input_size = sizeof(struct flows_input), .run = flows_list, .shape = REPLY_LIST,
		.rows = &SQL_RETENTION_FLOWS_LIST, .doc = "Lists the flows, newest first"},
	FLOW_ROUTE(METHOD_POST, "", PERMIT_RETENTION_WRITE, CLASS_FLOW_SAVE, CREATE_INPUT, struct flow_body, flows_create,
		.status = 201, .doc = "Creates a flow as a draft"),
	FLOW_ROUTE(METHOD_GET, "/:id", PERMIT_RETENTION_READ, CLASS_ADMIN, ID_INPUT, struct flow_input, flows_get,
		.doc = "Reads a flow with its steps; the ETag is its version"),
	FLOW_ROUTE(METHOD_PUT, "/:id", PERMIT_RETENTION_WRITE, CLASS_FLOW_SAVE, UPDATE_INPUT, struct flow_body, flows_update,
		.doc = "Saves a new version of a flow"),
	FLOW_ROUTE(METHOD_POST, "/:id/activate", PERMIT_RETENTION_WRITE, CLASS_FLOW_SAVE, ID_INPUT, struct flow_input, flows_activate,
		.doc = "Shows the flow to customers"),
	FLOW_ROUTE(METHOD_POST, "/:id/deactivate", PERMIT_RETENTION_WRITE, CLASS_FLOW_SAVE, ID_INPUT, struct flow_input, flows_deactivate,
		.doc = "Shows the flow to nobody"),
	ROUTE_END};
