#include "retention/flows.h"

#include "retention/flow.h"
#include "retention/flow_file.h"
#include "sql.h"

#include <string.h>

struct file_input {
	const char *id, *format, *text, *template, *language, *name;
	struct json_object *flow;
	int64_t version;
	bool version_given;
};

#define BODY_FIELD(member, name, type, ...) INPUT(struct file_input, member, name, IN_BODY, type, __VA_ARGS__)

static const struct field VALIDATE_INPUT[] = {
	BODY_FIELD(flow, "flow", FIELD_JSON, .required = true, .least = 2, .most = FLOW_DOCUMENT_BYTES, .doc = "a flow, as it would be saved"),
	FIELD_END};

static const struct field REVIEW_REPLY[] = {
	REPLY("errors", FIELD_JSON, .required = true, .doc = "array of {code, field, step, name, message}: what keeps it from being published"),
	REPLY("warnings", FIELD_JSON, .required = true, .doc = "array of the same: what its owner may want to look at"),
	REPLY("languages", FIELD_JSON, .required = true,
		.doc = "array of {language, texts, translated, complete, missing}, its own language first"),
	FIELD_END};

static const struct field TEMPLATES_REPLY[] = {
	REPLY("templates", FIELD_JSON, .required = true, .doc = "array of {template, name, languages, steps}"),
	FIELD_END};

static const struct field TEMPLATE_INPUT[] = {
	BODY_FIELD(template, "template", FIELD_TEXT, .required = true, .least = 1, .most = 64, .doc = "one of the templates"),
	BODY_FIELD(language, "language", FIELD_TEXT, .required = true, .least = 2, .most = 2,
		.doc = "two letters; English where the template has no such language"),
	BODY_FIELD(name, "name", FIELD_TEXT, .least = 1, .most = 255, .doc = "of the flow; the template's own unless given"),
	FIELD_END};

static const struct field IMPORT_INPUT[] = {
	BODY_FIELD(format, "format", FIELD_ENUM, .required = true, .choices = "json|csv|table", .doc = "table: as a spreadsheet copies it, by tabs"),
	BODY_FIELD(text, "text", FIELD_LINES, .required = true, .least = 1, .most = FLOW_DOCUMENT_BYTES,
		.doc = "the file's text; files are never fetched from an address"),
	FIELD_END};

static const struct field IMPORT_REPLY[] = {
	REPLY("flow", FIELD_JSON, .required = true, .nullable = true, .doc = "what to save; null: there are errors"),
	REPLY("errors", FIELD_JSON, .required = true, .doc = "array of {line, column, name, message}; line and column may be null"),
	REPLY("review", FIELD_JSON, .required = true, .nullable = true, .doc = "of the flow, as validate has it"),
	FIELD_END};

static const struct field EXPORT_INPUT[] = {
	INPUT(struct file_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow"),
	INPUT(struct file_input, version, "version", IN_QUERY, FIELD_INT, .least = 1, .most = INT32_MAX,
		.present = offsetof(struct file_input, version_given), .doc = "a published version; the draft unless given"),
	FIELD_END};

static enum err flow_validate(struct req *req, struct rep *rep)
{
	const struct file_input *input = req->input;
	struct flow_review review;
	struct lease lease;
	enum err err;

	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = flow_review(&req->ctx, &lease, req->who.org_id, input->flow, &review);
	lease_return(&lease);
	return err == OK ? reply_json(req, rep, review.json) : err;
}

static enum err templates_list(struct req *req, struct rep *rep)
{
	struct json_object *reply = json_own(&req->ctx, json_object_new_object());

	json_object_object_add(reply, "templates", json_object_get(flow_templates(&req->ctx)));
	return reply_json(req, rep, reply);
}

static enum err template_take(struct req *req, struct rep *rep)
{
	const struct file_input *input = req->input;
	struct json_object *document;

	TRY(flow_template(&req->ctx, input->template, input->language, input->name, &document));
	return flow_create_reply(req, rep, document);
}

static enum err import_preview(struct req *req, struct rep *rep)
{
	const struct file_input *input = req->input;
	struct json_object *result;
	struct lease lease;
	enum err err;

	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = flow_import(&req->ctx, &lease, req->who.org_id, input->format, input->text, &result);
	lease_return(&lease);
	return err == OK ? reply_json(req, rep, result) : err;
}

static enum err document_read(struct req *req, struct json_object **document_out)
{
	const struct file_input *input = req->input;
	struct ctx *ctx = &req->ctx;
	const char *text;
	PGresult *row;

	if (input->version_given)
		TRY(pg_query(ctx, req->house.pool, &SQL_RETENTION_FLOW_VERSION,
			PARAMS(req->who.org_id, input->id, pg_int(ctx, input->version)), &row));
	else
		TRY(pg_query(ctx, req->house.pool, &SQL_RETENTION_FLOW_GET, PARAMS(req->who.org_id, input->id), &row));
	if (PQntuples(row) == 0)
		return fail(ctx, ERR_NOT_FOUND, input->version_given ? "No such version of a flow" : "No such flow");
	text = pg_text(row, 0, input->version_given ? "flow" : "draft");
	return json_read(ctx, text, strlen(text), JSON_DEPTH, document_out);
}

static enum err file_reply(struct req *req, struct rep *rep, const char *media, const char *ending)
{
	const struct file_input *input = req->input;

	reply_header(rep, "Content-Type", media);
	reply_header(rep, "Content-Disposition", arena_printf(&req->ctx.arena, "attachment; filename=\"flow-%s.%s\"", input->id, ending));
	rep->type = BODY_TEXT;
	return OK;
}

static enum err export_csv(struct req *req, struct rep *rep)
{
	struct json_object *document;

	TRY(document_read(req, &document));
	flow_csv(document, &rep->body);
	return file_reply(req, rep, "text/csv; charset=utf-8; header=present", "csv");
}

static enum err export_json(struct req *req, struct rep *rep)
{
	struct json_object *document;

	TRY(document_read(req, &document));
	flow_json(document, &rep->body);
	return file_reply(req, rep, "application/json", "json");
}

#define FLOWS "/api/v1/retention/flows"
#define READS .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_READ
#define WRITES .access = ACCESS_PERMISSION, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_FLOW_SAVE
#define TAKES(input_) .input = (input_), .input_size = sizeof(struct file_input)

const struct route RETENTION_FLOW_FILE_ROUTES[] = {
	{METHOD_POST, FLOWS "/validate", WRITES, TAKES(VALIDATE_INPUT), .run = flow_validate, .shape = REPLY_FIELDS,
		.reply = REVIEW_REPLY, .doc = "Says what is wrong with a flow and what could be better; keeps nothing"},
	{METHOD_GET, FLOWS "/templates", READS, .class = CLASS_ADMIN, .run = templates_list, .shape = REPLY_FIELDS, .reply = TEMPLATES_REPLY,
		.doc = "Lists the templates: three general ones, and one for each reason of the survey"},
	{METHOD_POST, FLOWS "/from-template", WRITES, TAKES(TEMPLATE_INPUT), .run = template_take, .shape = REPLY_ROW,
		.rows = &SQL_RETENTION_FLOW_GET, .status = 201, .doc = "Creates a flow as a draft from a template"},
	{METHOD_POST, FLOWS "/import", WRITES, TAKES(IMPORT_INPUT), .run = import_preview, .shape = REPLY_FIELDS, .reply = IMPORT_REPLY,
		.doc = "Reads a flow from JSON, CSV or a pasted table, and says where it cannot; keeps nothing"},
	{METHOD_GET, FLOWS "/:id/csv", READS, .class = CLASS_ADMIN, TAKES(EXPORT_INPUT), .run = export_csv, .shape = REPLY_PLAIN, .media = "text/csv",
		.doc = "A flow as CSV, which import reads back"},
	{METHOD_GET, FLOWS "/:id/json", READS, .class = CLASS_ADMIN, TAKES(EXPORT_INPUT), .run = export_json, .shape = REPLY_PLAIN,
		.media = "application/json", .doc = "A flow as a JSON file, which import reads back"},
	ROUTE_END};
