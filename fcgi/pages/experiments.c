#include "pages/experiment.h"

#include "base/utf8.h"
#include "retention/experiment_store.h"
#include "sql.h"

#include <string.h>

#define ARMS (EXPERIMENT_VARIANTS - 1) /* besides the control */
#define ARMS_SHOWN 3                   /* at least */
#define LIST_SHOWN 50
#define LAST_ID "ffffffff-ffff-ffff-ffff-ffffffffffff"
#define EVERYBODY "everybody"
#define KEEP "keep"

struct experiment_input {
	const char *id, *mode, *notice, *before, *name, *hypothesis, *flow, *basis, *audience, *act;
	const char *what[ARMS], *label[ARMS];
	int64_t version, effect, control_weight, weight[ARMS], variant;
};

#define ID INPUT(struct experiment_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the experiment")
#define ARM(n) \
	INPUT(struct experiment_input, what[n - 1], "what" #n, IN_BODY, FIELD_TEXT, .required = n == 1, .least = 0, .most = 36, \
		.doc = "what is compared: a flow's id, holdout, or nothing"), \
	INPUT(struct experiment_input, label[n - 1], "label" #n, IN_BODY, FIELD_TEXT, .least = 0, .most = 120, .doc = "its name; the flow's unless given"), \
	INPUT(struct experiment_input, weight[n - 1], "weight" #n, IN_BODY, FIELD_INT, .least = 1, .most = 1000, .doc = "its weight; 1 unless given")
#define FORM \
	INPUT(struct experiment_input, name, "name", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 255, .doc = "its name"), \
	INPUT(struct experiment_input, hypothesis, "hypothesis", IN_BODY, FIELD_LINES, .least = 0, .most = 2000, .doc = "what is expected, and why"), \
	INPUT(struct experiment_input, flow, "flow", IN_BODY, FIELD_ID, .required = true, .doc = "the control"), \
	INPUT(struct experiment_input, audience, "audience", IN_BODY, FIELD_TEXT, .required = true, .least = 1, .most = 36, \
		.doc = "everybody, keep, or a segment's id, whose condition is taken over as it is now"), \
	INPUT(struct experiment_input, basis, "basis", IN_BODY, FIELD_ENUM, .required = true, .choices = "raw|validated", .doc = "what the test reads"), \
	INPUT(struct experiment_input, effect, "effect", IN_BODY, FIELD_INT, .required = true, .least = 1, .most = 50, \
		.doc = "the smallest difference that matters, percentage points"), \
	INPUT(struct experiment_input, control_weight, "weight0", IN_BODY, FIELD_INT, .required = true, .least = 1, .most = 1000, \
		.doc = "the control's weight"), \
	ARM(1), ARM(2), ARM(3), ARM(4), ARM(5), ARM(6), ARM(7)

static const struct field CREATE_INPUT[] = {FORM, FIELD_END};
static const struct field SAVE_INPUT[] = {
	ID,
	INPUT(struct experiment_input, version, "version", IN_BODY, FIELD_INT, .required = true, .least = 1, .most = INT32_MAX, .doc = "that was read"),
	FORM, FIELD_END};
static const struct field LIST_INPUT[] = {
	INPUT(struct experiment_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "deleted", .doc = "what was done"),
	INPUT(struct experiment_input, before, "before", IN_QUERY, FIELD_ID, .doc = "the last experiment of the page before"),
	FIELD_END};
static const struct field SHOW_INPUT[] = {
	ID,
	INPUT(struct experiment_input, mode, "mode", IN_QUERY, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data"),
	INPUT(struct experiment_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "saved|started|stopped|promoted", .doc = "what was done"),
	FIELD_END};
static const struct field STEP_INPUT[] = {
	ID,
	INPUT(struct experiment_input, act, "act", IN_BODY, FIELD_ENUM, .required = true, .choices = "start|stop|delete", .doc = "what is to be done"),
	FIELD_END};
static const struct field PROMOTE_INPUT[] = {
	ID,
	INPUT(struct experiment_input, variant, "variant", IN_BODY, FIELD_INT, .required = true, .least = 0, .most = ARMS, .doc = "the winner's position"),
	FIELD_END};

static const struct { const char *notice, *text; } NOTICES[] = {{"saved", TR("The experiment is saved.")},
	{"started", TR("The experiment runs.")}, {"stopped", TR("The experiment is stopped: everybody sees the control again.")},
	{"promoted", TR("The winner is promoted.")}, {"deleted", TR("The experiment is deleted.")}};

static void notice_view(struct req *req, struct json_object *view, const char *notice)
{
	for (size_t i = 0; notice && i < sizeof NOTICES / sizeof *NOTICES; i++)
		if (!strcmp(NOTICES[i].notice, notice))
			page_text(view, "notice", tr(req, NOTICES[i].text));
}

static enum err show(struct req *req, struct rep *rep, const char *name, const char *title, struct json_object *view)
{
	json_object_object_add(view, "on_experiments", json_object_new_boolean(true));
	return page_show(req, rep, name, title, view);
}

/* --- the form --- */

struct choices { PGresult *flows, *segments; };

static enum err choices_read(struct req *req, struct choices *choices_out)
{
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_EXPERIMENT_FLOWS, PARAMS(req->who.org_id), &choices_out->flows));
	return pg_query(&req->ctx, req->house.pool, &SQL_PAGES_EXPERIMENT_SEGMENTS, PARAMS(req->who.org_id), &choices_out->segments);
}

static void option_add(struct json_object *list, const char *value, const char *label, const char *chosen)
{
	struct json_object *item = json_object_new_object();
	page_text(item, "value", value);
	page_text(item, "label", label);
	json_object_object_add(item, "chosen", json_object_new_boolean(chosen && !strcmp(value, chosen)));
	json_object_array_add(list, item);
}

/* What is chosen stays chosen, also when it can no longer be: it was archived since. */
static void flow_options(struct req *req, struct json_object *list, const PGresult *flows, const char *chosen)
{
	bool known = !chosen || !*chosen || !strcmp(chosen, "holdout");
	for (int row = 0; row < PQntuples(flows); row++) {
		known = known || !strcmp(pg_text(flows, row, "id"), chosen);
		option_add(list, pg_text(flows, row, "id"), arena_printf(&req->ctx.arena, "%s (%s%s%s)", pg_text(flows, row, "name"),
			pg_text(flows, row, "language"), strcmp(pg_text(flows, row, "status"), "active") ? "" : ", ",
			strcmp(pg_text(flows, row, "status"), "active") ? "" : tr(req, "active")), chosen);
	}
	if (!known)
		option_add(list, chosen, tr(req, "a flow that can no longer be chosen"), chosen);
}

static struct json_object *arm_view(struct req *req, const struct choices *choices, const struct experiment_input *in, int number)
{
	struct json_object *arm = json_object_new_object(), *options = json_object_new_array();
	const char *what = in->what[number - 1];
	json_object_object_add(arm, "number", json_object_new_int(number));
	json_object_object_add(arm, "options", options);
	option_add(options, "", tr(req, "nothing"), what ? what : "");
	option_add(options, "holdout", tr(req, "no offer: survey, feedback and confirmation only"), what);
	flow_options(req, options, choices->flows, what);
	page_text(arm, "label", in->label[number - 1]);
	json_object_object_add(arm, "weight", json_object_new_int64(in->weight[number - 1] ? in->weight[number - 1] : 1));
	return arm;
}

/* in: what stands in the fields; kept: a condition that no segment has, in words, or NULL. */
static enum err form_view(struct req *req, struct json_object *view, const struct experiment_input *in, const char *kept)
{
	struct json_object *form = json_object_new_object(), *flows = json_object_new_array(), *segments = json_object_new_array(),
		*arms = json_object_new_array();
	struct choices choices;
	int shown = ARMS_SHOWN;
	json_object_object_add(view, "form", form);
	json_object_object_add(form, "flows", flows);
	json_object_object_add(form, "segments", segments);
	json_object_object_add(form, "arms", arms);
	TRY(choices_read(req, &choices));
	page_text(form, "name", in->name ? in->name : "");
	page_text(form, "hypothesis", in->hypothesis ? in->hypothesis : "");
	json_object_object_add(form, "version", json_object_new_int64(in->version));
	flow_options(req, flows, choices.flows, in->flow);
	json_object_object_add(form, "any", json_object_new_boolean(PQntuples(choices.flows) > 0));
	option_add(segments, EVERYBODY, tr(req, "everybody"), in->audience);
	if (kept)
		option_add(segments, KEEP, kept, in->audience);
	for (int row = 0; row < PQntuples(choices.segments); row++)
		option_add(segments, pg_text(choices.segments, row, "id"), pg_text(choices.segments, row, "name"), in->audience);
	json_object_object_add(form, "validated", json_object_new_boolean(in->basis && !strcmp(in->basis, "validated")));
	json_object_object_add(form, "effect", json_object_new_int64(in->effect ? in->effect : 5));
	json_object_object_add(form, "control_weight", json_object_new_int64(in->control_weight ? in->control_weight : 1));
	/* One row more than are filled, for the next. */
	for (int i = 0; i < ARMS; i++)
		if (in->what[i] && *in->what[i] && i + 2 > shown)
			shown = i + 2 < ARMS ? i + 2 : ARMS;
	for (int i = 1; i <= shown; i++)
		json_object_array_add(arms, arm_view(req, &choices, in, i));
	return OK;
}

/* What a stored draft puts into the fields; the segment is the one with the very same condition. */
static enum err form_of(struct req *req, const struct experiment_result *result, struct experiment_input *in_out, const char **condition_out)
{
	const PGresult *row = result->experiment;
	struct choices choices;
	TRY(choices_read(req, &choices));
	*condition_out = pg_text(row, 0, "condition");
	*in_out = (struct experiment_input){.name = pg_text(row, 0, "name"), .hypothesis = pg_text(row, 0, "hypothesis"),
		.flow = pg_text(row, 0, "flow_id"), .basis = pg_text(row, 0, "basis"), .version = pg_number(row, 0, "version", 1),
		.effect = pg_number(row, 0, "minimum_effect", 0), .audience = *condition_out ? KEEP : EVERYBODY};
	for (int i = 0; *condition_out && i < PQntuples(choices.segments); i++)
		if (!strcmp(pg_text(choices.segments, i, "condition"), *condition_out))
			in_out->audience = pg_text(choices.segments, i, "id");
	in_out->control_weight = json_int(json_object_array_get_idx(result->variants, 0), "weight", 1);
	for (int i = 1; i < result->count; i++) {
		struct json_object *stored = json_object_array_get_idx(result->variants, (size_t)i);
		in_out->what[i - 1] = json_text(stored, "flow_id", "holdout");
		in_out->label[i - 1] = json_text(stored, "name", "");
		in_out->weight[i - 1] = json_int(stored, "weight", 1);
	}
	return OK;
}

static const char *flow_name(struct req *req, const PGresult *flows, const char *id)
{
	for (int row = 0; row < PQntuples(flows); row++)
		if (!strcmp(pg_text(flows, row, "id"), id)) {
			const char *name = pg_text(flows, row, "name");
			return arena_memdup(&req->ctx.arena, name, utf8_cut(name, 120));
		}
	return id;
}

static enum err condition_of(struct req *req, const struct choices *choices, const char *kept, struct json_object **condition_out)
{
	const struct experiment_input *in = req->input;
	const char *text = !strcmp(in->audience, KEEP) ? kept : NULL;
	for (int row = 0; row < PQntuples(choices->segments); row++)
		if (!strcmp(pg_text(choices->segments, row, "id"), in->audience))
			text = pg_text(choices->segments, row, "condition");
	*condition_out = NULL;
	if (text)
		return json_read(&req->ctx, text, strlen(text), JSON_DEPTH, condition_out);
	return strcmp(in->audience, EVERYBODY) ? fail_field(&req->ctx, ERR_INVALID, "audience", "There is no such segment") : OK;
}

/* kept: the stored condition, or NULL. */
static enum err draft_of(struct req *req, const char *kept, struct experiment_draft *draft_out)
{
	const struct experiment_input *in = req->input;
	struct choices choices;
	TRY(choices_read(req, &choices));
	*draft_out = (struct experiment_draft){.name = in->name, .hypothesis = in->hypothesis && *in->hypothesis ? in->hypothesis : NULL,
		.flow_id = in->flow, .basis = in->basis, .minimum_effect = in->effect, .count = 1,
		.variants = {{"control", flow_name(req, choices.flows, in->flow), NULL, in->control_weight}}};
	for (int i = 0; i < ARMS; i++) {
		bool holdout = in->what[i] && !strcmp(in->what[i], "holdout");
		if (!in->what[i] || !*in->what[i])
			continue;
		const char *name = in->label[i] && *in->label[i] ? in->label[i] : holdout ? tr(req, "No offer") : flow_name(req, choices.flows, in->what[i]);
		draft_out->variants[draft_out->count++] = (struct experiment_arm){holdout ? "holdout" : "flow", name, holdout ? NULL : in->what[i],
			in->weight[i] ? in->weight[i] : 1};
	}
	return condition_of(req, &choices, kept, &draft_out->condition);
}

/* --- pages --- */

static enum err list_show(struct req *req, struct rep *rep, struct json_object *view, const struct experiment_input *in)
{
	struct json_object *list = json_object_new_array();
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_EXPERIMENTS_LIST,
		PARAMS(req->who.org_id, in->before ? in->before : LAST_ID, NULL, pg_int(&req->ctx, LIST_SHOWN + 1)), &rows));
	json_object_object_add(view, "experiments", list);
	json_object_object_add(view, "any", json_object_new_boolean(PQntuples(rows) > 0));
	page_text(view, "before", in->before);
	page_text(view, "more", PQntuples(rows) > LIST_SHOWN ? pg_text(rows, LIST_SHOWN - 1, "id") : NULL);
	for (int row = 0; row < PQntuples(rows) && row < LIST_SHOWN; row++) {
		struct json_object *item = json_object_new_object();
		const char *class;
		page_text(item, "id", pg_text(rows, row, "id"));
		page_text(item, "name", pg_text(rows, row, "name"));
		page_text(item, "flow", pg_text(rows, row, "flow_id"));
		page_text(item, "flow_name", pg_text(rows, row, "flow_name"));
		page_text(item, "status", experiment_status(req, pg_text(rows, row, "status"), &class));
		page_text(item, "class", class);
		page_text(item, "variants", page_number(req, pg_number(rows, row, "variants", 0)));
		page_stamp(req, item, "started", pg_text(rows, row, "started_at"));
		page_stamp(req, item, "stopped", pg_text(rows, row, "stopped_at"));
		json_object_array_add(list, item);
	}
	TRY(form_view(req, view, in, NULL));
	return show(req, rep, "experiments", "Experiments", view);
}

static enum err list_page(struct req *req, struct rep *rep)
{
	const struct experiment_input *in = req->input;
	struct json_object *view = page_view(req);
	notice_view(req, view, in->notice);
	return list_show(req, rep, view, &(struct experiment_input){.before = in->before});
}

static enum err result_read(struct req *req, bool live, const char *id, struct experiment_result *result_out)
{
	struct lease lease;
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = experiment_result(&req->ctx, &lease, req->who.org_id, live, id, result_out);
	lease_return(&lease);
	return err;
}

/* sent: what a form that was refused had in its fields, or NULL. */
static enum err detail_show(struct req *req, struct rep *rep, struct json_object *view, const struct experiment_input *sent)
{
	const struct experiment_input *in = req->input;
	bool live = !in->mode || strcmp(in->mode, "test");
	struct experiment_result result;
	struct experiment_input stored;
	const char *condition;
	TRY(result_read(req, live, in->id, &result));
	experiment_view(req, view, &result);
	json_object_object_add(view, "test", json_object_new_boolean(!live));
	if (!strcmp(pg_text(result.experiment, 0, "status"), "draft")) {
		TRY(form_of(req, &result, &stored, &condition));
		int64_t version = stored.version;
		if (sent)
			stored = *sent;
		stored.version = version;
		TRY(form_view(req, view, &stored, condition ? json_text(view, "condition", condition) : NULL));
	}
	return show(req, rep, "experiment", "Experiment", view);
}

static enum err detail_page(struct req *req, struct rep *rep)
{
	const struct experiment_input *in = req->input;
	struct json_object *view = page_view(req);
	notice_view(req, view, in->notice);
	return detail_show(req, rep, view, NULL);
}

static enum err to_detail(struct req *req, struct rep *rep, const char *id, const char *notice)
{
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/experiments/%s?notice=%s", id, notice));
}

/* --- changes --- */

static enum err create(struct req *req, struct rep *rep)
{
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct experiment_draft draft;
	char id[ID_TEXT];
	enum err err = draft_of(req, NULL, &draft);
	if (err == OK)
		err = experiment_create(&(struct experiment_change){&req->ctx, &req->house, &by}, &draft, id);
	if (err == OK)
		return to_detail(req, rep, id, "saved");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return list_show(req, rep, view, req->input);
}

static enum err save_run(struct req *req)
{
	const struct experiment_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct experiment_draft draft;
	PGresult *row;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_EXPERIMENT_GET, PARAMS(req->who.org_id, in->id), &row));
	if (!PQntuples(row))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such experiment");
	TRY(draft_of(req, pg_text(row, 0, "condition"), &draft));
	return experiment_save(&(struct experiment_change){&req->ctx, &req->house, &by}, in->id, pg_int(&req->ctx, in->version), &draft);
}

/* Somebody else's change is shown beside what was sent: saved again, that stands. */
static enum err save(struct req *req, struct rep *rep)
{
	const struct experiment_input *in = req->input;
	enum err err = save_run(req);
	if (err == OK)
		return to_detail(req, rep, in->id, "saved");
	struct json_object *view = page_view(req);
	if (err == ERR_PRECONDITION) {
		page_text(view, "error", tr(req, "Somebody else has changed this experiment since you read it. The form holds your version: save it again to keep yours."));
		ctx_forgive(&req->ctx);
		rep->status = error_status(err);
	} else
		TRY(page_fault(req, rep, err, view));
	return detail_show(req, rep, view, in);
}

static enum err step(struct req *req, struct rep *rep)
{
	const struct experiment_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	const struct experiment_change change = {&req->ctx, &req->house, &by};
	bool start = !strcmp(in->act, "start"), stop = !strcmp(in->act, "stop");
	enum err err = start ? experiment_start(&change, in->id) : stop ? experiment_stop(&change, in->id) : experiment_delete(&change, in->id);
	if (err == OK && !start && !stop)
		return reply_redirect(req, rep, 303, "/experiments?notice=deleted");
	if (err == OK)
		return to_detail(req, rep, in->id, start ? "started" : "stopped");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return detail_show(req, rep, view, NULL);
}

static enum err promote(struct req *req, struct rep *rep)
{
	const struct experiment_input *in = req->input;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	enum err err = experiment_promote(&(struct experiment_change){&req->ctx, &req->house, &by}, in->id, in->variant);
	if (err == OK)
		return to_detail(req, rep, in->id, "promoted");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	return detail_show(req, rep, view, NULL);
}

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, .shape = REPLY_PAGE
#define WRITES ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, .shape = REPLY_NOTHING, .status = 303, .form = true
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct experiment_input)

const struct route EXPERIMENTS_ROUTES[] = {
	{METHOD_GET, "/experiments", READS, TAKES(LIST_INPUT), .run = list_page, .doc = "The experiments, and a form for another"},
	{METHOD_POST, "/experiments", WRITES, TAKES(CREATE_INPUT), .run = create, .doc = "Makes an experiment as a draft"},
	{METHOD_GET, "/experiments/:id", READS, TAKES(SHOW_INPUT), .run = detail_page, .doc = "What an experiment is and has shown; a draft's form"},
	{METHOD_POST, "/experiments/:id", WRITES, TAKES(SAVE_INPUT), .run = save, .doc = "Changes an experiment that has not started"},
	{METHOD_POST, "/experiments/:id/step", WRITES, TAKES(STEP_INPUT), .run = step, .doc = "Starts or stops an experiment, or deletes a draft"},
	{METHOD_POST, "/experiments/:id/promote", WRITES, TAKES(PROMOTE_INPUT), .run = promote, .doc = "Puts the winner's flow in the control's place"},
	ROUTE_END};
