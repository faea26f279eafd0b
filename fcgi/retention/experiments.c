#include "retention/family.h"

#include "retention/experiment_result.h"
#include "retention/experiment_store.h"
#include "web/budget.h"
#include "sql.h"

#include <string.h>

struct experiment_body {
	const char *id, *if_match, *name, *hypothesis, *flow, *basis;
	struct json_object *condition, *variants;
	int64_t effect;
};

#define ID_FIELD(type) INPUT(type, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the experiment")
#define BODY_FIELD(member, name, type, ...) INPUT(struct experiment_body, member, name, IN_BODY, type, __VA_ARGS__)
#define BODY_FIELDS \
	BODY_FIELD(name, "name", FIELD_TEXT, .required = true, .least = 1, .most = 255, .doc = "its name, for its owner"), \
	BODY_FIELD(hypothesis, "hypothesis", FIELD_LINES, .nullable = true, .least = 0, .most = 2000, .doc = "what is expected, and why"), \
	BODY_FIELD(flow, "flow", FIELD_ID, .required = true, .doc = "the control: who would be shown this flow takes part"), \
	BODY_FIELD(condition, "condition", FIELD_JSON, .nullable = true, .doc = "only customers for whom this holds, as in a segment; null: all"), \
	BODY_FIELD(basis, "basis", FIELD_ENUM, .required = true, .choices = "raw|validated", \
		.doc = "what the test reads: how the dialog ended, or what billing showed 30 days later"), \
	BODY_FIELD(effect, "minimumEffect", FIELD_INT, .required = true, .least = 1, .most = 50, \
		.doc = "the smallest difference of the shares who stay that matters, in percentage points"), \
	BODY_FIELD(variants, "variants", FIELD_JSON, .required = true, \
		.doc = "array of 2 to 8 {kind control|flow|holdout, name, flow, weight 1 to 1000}; the first is the control")

static const struct field CREATE_INPUT[] = {BODY_FIELDS, FIELD_END};
static const struct field UPDATE_INPUT[] = {
	ID_FIELD(struct experiment_body),
	INPUT(struct experiment_body, if_match, "If-Match", IN_HEADER, FIELD_TEXT, .required = true, .least = 1, .most = 32,
		.doc = "the ETag of the version that is being replaced"),
	BODY_FIELDS, FIELD_END};

struct experiment_input {
	const char *id, *status, *cursor;
	int64_t limit, variant;
	bool live, live_given;
};

static const struct field ID_INPUT[] = {ID_FIELD(struct experiment_input), FIELD_END};
static const struct field LIST_INPUT[] = {
	INPUT(struct experiment_input, status, "status", IN_QUERY, FIELD_ENUM, .choices = "draft|running|stopped|promoted", .doc = "only these"),
	INPUT(struct experiment_input, limit, "limit", IN_QUERY, FIELD_INT, .least = 1, .most = 100, .doc = "rows, 20 unless given"),
	INPUT(struct experiment_input, cursor, "cursor", IN_QUERY, FIELD_CURSOR, .doc = "meta.next of the page before"),
	FIELD_END};
static const struct field RESULT_INPUT[] = {
	ID_FIELD(struct experiment_input),
	INPUT(struct experiment_input, live, "live", IN_QUERY, FIELD_BOOL, .present = offsetof(struct experiment_input, live_given),
		.doc = "false: test data"),
	FIELD_END};
static const struct field PROMOTE_INPUT[] = {
	ID_FIELD(struct experiment_input),
	INPUT(struct experiment_input, variant, "variant", IN_BODY, FIELD_INT, .required = true, .least = 0, .most = EXPERIMENT_VARIANTS - 1,
		.doc = "the position of the variant that won; 0: the control stays"),
	FIELD_END};

static const struct field RESULT_REPLY[] = {
	REPLY("basis", FIELD_ENUM, .required = true, .choices = "raw|validated", .doc = "what the test reads"),
	REPLY("minimumEffect", FIELD_JSON, .required = true, .doc = "number: the smallest difference that matters, a share"),
	REPLY("alpha", FIELD_JSON, .required = true, .doc = "number: 0.05 divided by the number of comparisons"),
	REPLY("power", FIELD_JSON, .required = true, .doc = "number: of the sample, 0.8"),
	REPLY("sample", FIELD_INT, .required = true, .doc = "customers that each variant needs for a test that is read once; this one needs about twice as many"),
	REPLY("baseline", FIELD_JSON, .required = true, .doc = "number: the control's share who stay, for the sample"),
	REPLY("baselineAssumed", FIELD_BOOL, .required = true, .doc = "true: the control has too few customers, and 0.5 is taken"),
	REPLY("splitP", FIELD_JSON, .required = true, .doc = "number: p-value of the customers' division against the weights (chi-square)"),
	REPLY("splitSuspicious", FIELD_BOOL, .required = true, .doc = "true: below 0.001; something keeps customers out of a variant"),
	REPLY("variants", FIELD_JSON, .required = true, .doc = "array: counts, shares who stayed, and where there are enough customers "
		"difference, low, high, p (always valid), lift and significant; revenue by currency, less refunds"),
	REPLY("days", FIELD_JSON, .required = true, .doc = "array: the same comparison as it stood at the end of each day"),
	FIELD_END};

static enum err experiments_list(struct req *req, struct rep *rep)
{
	const struct experiment_input *input = req->input;
	int limit = input->limit ? (int)input->limit : LIST_LIMIT;

	return reply_list(req, rep, PARAMS(req->who.org_id, input->cursor ? input->cursor : ID_LAST, input->status,
		pg_int(&req->ctx, limit + 1)), limit);
}

/* The experiment as it is stored now, with its version as ETag. */
static enum err experiment_reply(struct req *req, struct rep *rep, const char *id)
{
	PGresult *result;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_EXPERIMENT_GET, PARAMS(req->who.org_id, id), &result));
	if (PQntuples(result) == 0)
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such experiment");
	reply_header(rep, "ETag", arena_printf(&req->ctx.arena, "\"%s\"", pg_text(result, 0, "version")));
	rep->type = BODY_JSON;
	buffer_text(&rep->body, "{\"data\":");
	rows_object(&rep->body, result, 0);
	buffer_char(&rep->body, '}');
	return OK;
}

static enum err experiments_get(struct req *req, struct rep *rep)
{
	return experiment_reply(req, rep, ((const struct experiment_input *)req->input)->id);
}

static enum err experiments_result(struct req *req, struct rep *rep)
{
	const struct experiment_input *input = req->input;
	struct experiment_result result;
	struct lease lease;
	enum err err;
	bool live;

	TRY(mode_choose(req, input->live_given, input->live, &live));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = experiment_result(&req->ctx, &lease, req->who.org_id, live, input->id, &result);
	lease_return(&lease);
	return err == OK ? reply_json(req, rep, experiment_result_json(&req->ctx, &result)) : err;
}

static enum err variants_read(struct req *req, struct json_object *list, struct experiment_draft *draft)
{
	size_t length = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;

	if (length < 2 || length > EXPERIMENT_VARIANTS)
		return fail_field(&req->ctx, ERR_INVALID, "variants", "variants must be an array of 2 to %d", EXPERIMENT_VARIANTS);
	for (size_t i = 0; i < length; i++) {
		struct json_object *item = json_object_array_get_idx(list, i);

		draft->variants[draft->count++] = (struct experiment_arm){json_text(item, "kind", ""), json_text(item, "name", ""),
			json_text(item, "flow", NULL), json_int(item, "weight", 0)};
	}
	return OK;
}

static enum err body_read(struct req *req, struct experiment_draft *draft_out)
{
	const struct experiment_body *body = req->input;

	*draft_out = (struct experiment_draft){.name = body->name, .hypothesis = body->hypothesis, .flow_id = body->flow,
		.condition = body->condition, .basis = body->basis, .minimum_effect = body->effect};
	return variants_read(req, body->variants, draft_out);
}

static enum err experiments_create(struct req *req, struct rep *rep)
{
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct experiment_draft draft;
	char id[ID_TEXT];

	TRY(body_read(req, &draft));
	TRY(experiment_create(&(struct experiment_change){&req->ctx, &req->house, &by}, &draft, id));
	rep->status = 201;
	reply_header(rep, "Location", arena_printf(&req->ctx.arena, "/api/v1/retention/experiments/%s", id));
	return experiment_reply(req, rep, id);
}

static enum err version_read(struct req *req, const char *etag, const char **version_out)
{
	*version_out = etag_version(&req->ctx, etag);
	return *version_out ? OK : fail_field(&req->ctx, ERR_PRECONDITION, "If-Match", "If-Match is no version of this experiment");
}

static enum err experiments_update(struct req *req, struct rep *rep)
{
	const struct experiment_body *body = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct experiment_draft draft;
	const char *version;

	TRY(version_read(req, body->if_match, &version));
	TRY(body_read(req, &draft));
	TRY(experiment_save(&(struct experiment_change){&req->ctx, &req->house, &by}, body->id, version, &draft));
	return experiment_reply(req, rep, body->id);
}

static enum err experiments_delete(struct req *req, struct rep *rep)
{
	const struct experiment_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	(void)rep;
	return experiment_delete(&(struct experiment_change){&req->ctx, &req->house, &by}, input->id);
}

static enum err experiments_start(struct req *req, struct rep *rep)
{
	const struct experiment_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	TRY(experiment_start(&(struct experiment_change){&req->ctx, &req->house, &by}, input->id));
	return experiment_reply(req, rep, input->id);
}

static enum err experiments_stop(struct req *req, struct rep *rep)
{
	const struct experiment_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	TRY(experiment_stop(&(struct experiment_change){&req->ctx, &req->house, &by}, input->id));
	return experiment_reply(req, rep, input->id);
}

static enum err experiments_promote(struct req *req, struct rep *rep)
{
	const struct experiment_input *input = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);

	TRY(experiment_promote(&(struct experiment_change){&req->ctx, &req->house, &by}, input->id, input->variant));
	return experiment_reply(req, rep, input->id);
}

#define EXPERIMENT_ROUTE(method_, path_, permission_, class_, input_, type_, run_, ...) \
	{.method = (method_), .path = "/api/v1/retention/experiments" path_, .access = ACCESS_PERMISSION, .permission = (permission_), \
		.class = (class_), .input = (input_), .input_size = sizeof(type_), .run = (run_), __VA_ARGS__}
#define ROW .shape = REPLY_ROW, .rows = &SQL_RETENTION_EXPERIMENT_GET

const struct route RETENTION_EXPERIMENT_ROUTES[] = {
	EXPERIMENT_ROUTE(METHOD_GET, "", PERMIT_RETENTION_READ, CLASS_LIST_, LIST_INPUT, struct experiment_input, experiments_list,
		.shape = REPLY_LIST, .rows = &SQL_RETENTION_EXPERIMENTS_LIST, .doc = "Lists the experiments, newest first"),
	EXPERIMENT_ROUTE(METHOD_POST, "", PERMIT_RETENTION_WRITE, CLASS_WRITE, CREATE_INPUT, struct experiment_body, experiments_create,
		ROW, .status = 201, .budget = &BUDGET_RULED, .doc = "Creates an experiment as a draft"),
	EXPERIMENT_ROUTE(METHOD_GET, "/:id", PERMIT_RETENTION_READ, CLASS_READ, ID_INPUT, struct experiment_input, experiments_get,
		ROW, .doc = "Reads an experiment with its variants; the ETag is its version"),
	EXPERIMENT_ROUTE(METHOD_PUT, "/:id", PERMIT_RETENTION_WRITE, CLASS_WRITE, UPDATE_INPUT, struct experiment_body, experiments_update,
		ROW, .budget = &BUDGET_RULED, .doc = "Changes an experiment that has not started"),
	EXPERIMENT_ROUTE(METHOD_DELETE, "/:id", PERMIT_RETENTION_WRITE, CLASS_WRITE, ID_INPUT, struct experiment_input, experiments_delete,
		.shape = REPLY_NOTHING, .budget = &BUDGET_CHANGE, .doc = "Deletes an experiment that has not started"),
	EXPERIMENT_ROUTE(METHOD_GET, "/:id/result", PERMIT_RETENTION_READ, CLASS_ANALYTICS, RESULT_INPUT, struct experiment_input,
		experiments_result, .shape = REPLY_FIELDS, .reply = RESULT_REPLY, .doc = "What an experiment has shown so far; may be read at any time"),
	EXPERIMENT_ROUTE(METHOD_POST, "/:id/start", PERMIT_RETENTION_WRITE, CLASS_WRITE, ID_INPUT, struct experiment_input, experiments_start,
		ROW, .budget = &BUDGET_RULED, .doc = "Starts an experiment; from then on nothing of it can be changed"),
	EXPERIMENT_ROUTE(METHOD_POST, "/:id/stop", PERMIT_RETENTION_WRITE, CLASS_WRITE, ID_INPUT, struct experiment_input, experiments_stop,
		ROW, .budget = &BUDGET_CHANGE, .doc = "Stops an experiment: everybody sees the control again"),
	EXPERIMENT_ROUTE(METHOD_POST, "/:id/promote", PERMIT_RETENTION_WRITE, CLASS_WRITE, PROMOTE_INPUT, struct experiment_input,
		experiments_promote, ROW, .budget = &BUDGET_RULED, .doc = "Ends an experiment and puts the winner's flow in the control's place"),
	ROUTE_END};
