#include "pages/flow.h"

#include "retention/branding.h"
#include "retention/condition.h"
#include "retention/flow_file.h"
#include "retention/retention.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define VERSIONS_SHOWN 20
#define CHOICES_SHOWN 200
#define MONTHS_MOST 12

struct builder_input {
	const char *id, *notice;
	const char *name, *language, *segment, *segment_id, *plan, *region, *ranking, *cancel_at, *steps;
	const char *activate;
	int64_t revision, version, versions;
};

#define FIELD(member, name, kind, ...) INPUT(struct builder_input, member, name, IN_BODY, kind, __VA_ARGS__)
#define FLOW INPUT(struct builder_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow")
#define REVISION FIELD(revision, "revision", FIELD_INT, .required = true, .least = 1, .most = INT32_MAX, .doc = "the draft's, that the page was made from")

static const struct field PAGE_INPUT[] = {
	FLOW,
	INPUT(struct builder_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "made|saved|published|restored|changed", .doc = "after a form"),
	INPUT(struct builder_input, versions, "versions", IN_QUERY, FIELD_INT, .least = 1, .most = INT32_MAX, .doc = "the versions before this one are listed"),
	FIELD_END};
/* A form's empty field is a value here, so that the page can say what is wrong with it. */
static const struct field SAVE_INPUT[] = {
	FLOW, REVISION,
	FIELD(name, "name", FIELD_TEXT, .required = true, .least = 0, .most = 1000, .doc = "its name, for its owner"),
	FIELD(language, "language", FIELD_TEXT, .required = true, .least = 0, .most = 35, .doc = "of the steps"),
	FIELD(segment, "segment", FIELD_TEXT, .least = 0, .most = 64, .doc = "only for this segment"),
	FIELD(segment_id, "segmentId", FIELD_TEXT, .least = 0, .most = 36, .doc = "only for this named segment"),
	FIELD(plan, "plan", FIELD_TEXT, .least = 0, .most = 255, .doc = "only on this plan"),
	FIELD(region, "region", FIELD_TEXT, .least = 0, .most = 255, .doc = "only in this region"),
	FIELD(ranking, "rankingScore", FIELD_TEXT, .least = 0, .most = 20, .doc = "0 to 100"),
	FIELD(cancel_at, "cancelAt", FIELD_TEXT, .least = 0, .most = 20, .doc = "host or stripe"),
	FIELD(steps, "steps", FIELD_LINES, .required = true, .least = 0, .most = FLOW_DOCUMENT_BYTES, .doc = "JSON"),
	FIELD_END};
static const struct field PUBLISH_INPUT[] = {
	FLOW, REVISION,
	FIELD(activate, "activate", FIELD_ENUM, .choices = "true", .doc = "customers see it at once"),
	FIELD_END};
static const struct field RESTORE_INPUT[] = {
	FLOW, REVISION,
	FIELD(version, "version", FIELD_INT, .required = true, .least = 1, .most = INT32_MAX, .doc = "the version that the draft becomes"),
	FIELD_END};

/* --- words --- */

static struct json_object *list_add(struct json_object *view, const char *name)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, name, list);
	return list;
}

static void texts_add(struct json_object *list, const char *choices)
{
	for (size_t length; *choices; choices += length + (choices[length] == '|')) {
		length = strcspn(choices, "|");
		json_object_array_add(list, json_object_new_string_len(choices, (int)length));
	}
}

static const struct flow_word TYPES[] = {{"survey", TR("Question")}, {"discount", TR("Discount")}, {"pause", TR("Pause")},
	{"downgrade", TR("Smaller plan")}, {"extension", TR("Longer trial")}, {"support", TR("Support")}, {"feedback", TR("Feedback")},
	{"confirm", TR("Confirmation")}};
static const struct flow_word REASONS[] = {{"too_expensive", TR("Too expensive")}, {"missing_features", TR("Missing features")},
	{"switched_service", TR("Switched to another service")}, {"unused", TR("Not used enough")}, {"customer_service", TR("Customer service")},
	{"too_complex", TR("Too complex")}, {"low_quality", TR("Low quality")}, {"other", TR("Other")}};
static const struct flow_word FACTS[] = {{"plan", TR("plan")}, {"region", TR("region")}, {"language", TR("language")}, {"currency", TR("currency")},
	{"segment", TR("value segment")}, {"status", TR("status at Stripe")}, {"interval", TR("billing interval")},
	{"value", TR("monthly value (smallest unit)")}, {"tenure", TR("days as a customer")}, {"attempts", TR("clicks on Cancel in 30 days")},
	{"discounted", TR("has a discount")}, {"paused", TR("is paused")}, {"attribute", TR("attribute of your own")},
	{"answer", TR("answer to the question")}};
static const struct flow_word OPERATORS[] = {{"is", TR("is")}, {"is_not", TR("is not")}, {"in", TR("is one of")}, {"not_in", TR("is none of")},
	{"at_least", TR("is at least")}, {"below", TR("is below")}, {"exists", TR("is known")}};

static void words_add(struct req *req, struct json_object *view, const char *name, const struct flow_word *words, size_t count)
{
	struct json_object *list = list_add(view, name);
	for (size_t i = 0; i < count; i++)
		flow_choice(list, words[i].code, tr(req, words[i].text), NULL);
}
#define ADD_WORDS(req, view, name, words) words_add((req), (view), (name), (words), sizeof(words) / sizeof *(words))

/* "a|b" as items. */
static void choices_add(struct req *req, struct json_object *list, const char *choices)
{
	for (size_t length; *choices; choices += length + (choices[length] == '|')) {
		length = strcspn(choices, "|");
		const char *value = arena_memdup(&req->ctx.arena, choices, length);
		flow_choice(list, value, FLOW_WORD(req, REASONS, value), NULL);
	}
}

/* What the editor of conditions knows: {plan: {kind, ops, choices}}. */
static void add_facts(struct req *req, struct json_object *view)
{
	static const char *const KINDS[] = {[FACT_TEXT] = "text", [FACT_CHOICE] = "choice", [FACT_NUMBER] = "number", [FACT_FLAG] = "flag",
		[FACT_ATTRIBUTE] = "attribute"};
	struct json_object *list = list_add(view, "facts"), *known = json_object_new_object();
	json_object_object_add(view, "facts_json", known);
	for (const struct condition_fact *fact = CONDITION_FACTS; fact->name; fact++) {
		struct json_object *item = json_object_new_object();
		flow_choice(list, fact->name, FLOW_WORD(req, FACTS, fact->name), NULL);
		json_object_object_add(known, fact->name, item);
		page_text(item, "kind", KINDS[fact->kind]);
		texts_add(list_add(item, "ops"), condition_operators(fact->kind));
		if (fact->choices)
			choices_add(req, list_add(item, "choices"), fact->choices);
	}
}

static void starts_take(struct json_object *starts, struct json_object *steps)
{
	for (size_t i = 0; i < json_object_array_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i);
		const char *type = json_text(step, "type", "");
		if (json_object_object_get_ex(starts, type, NULL))
			continue;
		json_object_object_del(step, "when");
		json_object_object_add(starts, type, json_object_get(step));
	}
}

/* What a new step of each type begins with: as in the first template that has one, else empty. */
static enum err add_starts(struct req *req, struct json_object *view, const char *language)
{
	struct json_object *starts = json_object_new_object(), *templates = flow_templates(&req->ctx), *document;
	json_object_object_add(view, "starts", starts);
	for (size_t i = 0; i < json_object_array_length(templates); i++) {
		const char *code = json_text(json_object_array_get_idx(templates, i), "template", "");
		TRY(flow_template(&req->ctx, code, language, NULL, &document));
		starts_take(starts, json_object_object_get(document, "steps"));
	}
	for (enum step_type type = 0; type < STEP_COUNT; type++) {
		struct json_object *step;
		if (json_object_object_get_ex(starts, step_text(type), NULL))
			continue;
		json_object_object_add(starts, step_text(type), step = json_object_new_object());
		page_text(step, "type", step_text(type));
		page_text(step, "title", "");
		page_text(step, "message", "");
	}
	return OK;
}

static enum err add_named_segments(struct req *req, struct json_object *view, const char *chosen)
{
	struct json_object *list = list_add(view, "named");
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_SEGMENT_NAMES, PARAMS(req->who.org_id), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		flow_choice(list, pg_text(rows, row, "id"), pg_text(rows, row, "name"), chosen);
	return OK;
}

static enum err add_forms(struct req *req, struct json_object *view, struct json_object *document)
{
	const char *segment = json_text(document, "segment", "");
	struct json_object *months = list_add(view, "months"), *plain = json_object_new_object();
	for (int month = 1; month <= MONTHS_MOST; month++)
		json_object_array_add(months, json_object_new_int(month));
	page_text(plain, "at", "plain-");
	json_object_object_add(view, "plain", plain);
	flow_segments(req, view, segment);
	TRY(add_named_segments(req, view, json_text(document, "segmentId", "")));
	json_object_object_add(view, "at_stripe", json_object_new_boolean(!strcmp(json_text(document, "cancelAt", "host"), "stripe")));
	ADD_WORDS(req, view, "types", TYPES);
	ADD_WORDS(req, view, "reasons", REASONS);
	ADD_WORDS(req, view, "operators", OPERATORS);
	add_facts(req, view);
	json_object_object_add(view, "issues", flow_issue_texts(req));
	return add_starts(req, view, json_text(document, "language", "en"));
}

/* --- what is stored --- */

static enum err add_rows(struct req *req, struct json_object *view, const char *name, const struct statement *statement)
{
	struct json_object *list = list_add(view, name);
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, statement, PARAMS(req->who.org_id, pg_int(&req->ctx, CHOICES_SHOWN)), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		flow_choice(list, pg_text(rows, row, "value"), pg_text(rows, row, "label"), NULL);
	return OK;
}

static enum err add_versions(struct req *req, const char *id, int current, int64_t before, struct json_object *view)
{
	struct json_object *list = list_add(view, "versions");
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_FLOW_VERSIONS,
		PARAMS(req->who.org_id, id, pg_int(&req->ctx, before ? before : INT32_MAX), pg_int(&req->ctx, VERSIONS_SHOWN + 1)), &rows));
	for (int row = 0; row < PQntuples(rows) && row < VERSIONS_SHOWN; row++) {
		struct json_object *item = json_object_new_object();
		int version = (int)pg_number(rows, row, "version", 0);
		page_text(item, "version", pg_text(rows, row, "version"));
		page_text(item, "name", pg_text(rows, row, "name"));
		page_text(item, "by", pg_text(rows, row, "published_by"));
		page_text(item, "at", page_time(req, pg_text(rows, row, "published_at")));
		page_text(item, "steps", pg_text(rows, row, "steps"));
		json_object_object_add(item, "current", json_object_new_boolean(version == current));
		json_object_array_add(list, item);
	}
	json_object_object_add(view, "published", json_object_new_boolean(current > 0));
	json_object_object_add(view, "versions_newer", json_object_new_boolean(before > 0));
	page_text(view, "versions_older", PQntuples(rows) > VERSIONS_SHOWN ? pg_text(rows, VERSIONS_SHOWN - 1, "version") : NULL);
	return OK;
}

/* As the widget gets it, for the preview. */
static enum err add_branding(struct req *req, struct json_object *view)
{
	struct branding branding;
	struct json_object *theme;
	TRY(branding_get(&req->ctx, req->house.pool, req->who.org_id, &branding, NULL));
	const char *text = branding_theme(&req->ctx, &branding);
	TRY(json_read(&req->ctx, text, strlen(text), 2, &theme));
	json_object_object_add(view, "branding", json_object_get(theme));
	return OK;
}

static const char *pretty(struct ctx *ctx, struct json_object *value)
{
	return arena_strdup(&ctx->arena,
		json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static enum err json_column(struct ctx *ctx, const PGresult *rows, const char *name, struct json_object **value_out)
{
	const char *text = pg_text(rows, 0, name);
	return json_read(ctx, text, strlen(text), JSON_DEPTH * 2, value_out);
}

static const struct flow_word NOTICES[] = {
	{"made", TR("The flow is made. Customers see it once it is published.")}, {"saved", TR("The draft is saved.")},
	{"published", TR("The draft is published.")}, {"restored", TR("The draft is what that version was.")}, {"changed", TR("It is done.")}};

/* The page of what is stored. sent: a document that a form brought and that could not be kept, with its steps as text, or NULL. */
static enum err builder_show(struct req *req, struct rep *rep, struct json_object *view, const char *id, int64_t versions, struct json_object *sent,
	const char *steps)
{
	struct ctx *ctx = &req->ctx;
	struct json_object *document, *review;
	PGresult *row;
	TRY(pg_query(ctx, req->house.pool, &SQL_RETENTION_FLOW_GET, PARAMS(req->who.org_id, id), &row));
	if (!PQntuples(row))
		return fail(ctx, ERR_NOT_FOUND, "There is no such flow");
	TRY(json_column(ctx, row, "draft", &document));
	TRY(json_column(ctx, row, "review", &review));
	const char *stored = pretty(ctx, json_object_object_get(document, "steps"));
	bool archived = !strcmp(pg_text(row, 0, "status"), "archived");
	json_object_object_add(view, "flow", flow_view(req, row, 0));
	json_object_object_add(view, "writable", json_object_new_boolean(who_may(&req->who, PERMIT_RETENTION_WRITE) && !archived));
	json_object_object_add(view, "document", json_object_get(sent ? sent : document));
	json_object_object_add(view, "review", json_object_get(review));
	page_text(view, "etag", arena_printf(&ctx->arena, "\"%s\"", pg_text(row, 0, "revision")));
	page_text(view, "steps_text", steps ? steps : stored);
	flow_add_issues(req, view, review, document);
	TRY(add_forms(req, view, sent ? sent : document));
	TRY(add_versions(req, id, (int)pg_number(row, 0, "version", 0), versions, view));
	TRY(add_rows(req, view, "prices", &SQL_PAGES_FLOW_PRICES));
	TRY(add_rows(req, view, "coupons", &SQL_PAGES_FLOW_COUPONS));
	TRY(add_branding(req, view));
	page_text(view, "builder_css", asset_path("builder.css"));
	page_text(view, "builder_js", sent ? NULL : asset_path("builder.js"));
	page_text(view, "widget_js", asset_path("widget-preview.js"));
	page_text(view, "theirs", sent ? stored : NULL);
	json_object_object_add(view, "on_flows", json_object_new_boolean(true));
	page_text(view, "zone", req->who.zone);
	return page_show(req, rep, "flow", pg_text(row, 0, "name"), view);
}

enum err flow_page_show(struct req *req, struct rep *rep, struct json_object *view, const char *id)
{
	return builder_show(req, rep, view, id, 0, NULL, NULL);
}

static enum err builder_page(struct req *req, struct rep *rep)
{
	const struct builder_input *in = req->input;
	struct json_object *view = page_view(req);
	page_text(view, "notice", FLOW_WORD(req, NOTICES, in->notice));
	return builder_show(req, rep, view, in->id, in->versions, NULL, NULL);
}

/* --- forms --- */

static enum err builder_back(struct req *req, struct rep *rep, const char *notice)
{
	const struct builder_input *in = req->input;
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/flows/%s?notice=%s", in->id, notice));
}

/* The form's document; its steps are NULL when they are no JSON, and then the view says why. */
static struct json_object *document_of(struct req *req, struct json_object *view)
{
	const struct builder_input *in = req->input;
	const struct flow_word texts[] = {{"name", in->name}, {"language", in->language}, {"segment", in->segment}, {"segmentId", in->segment_id},
		{"plan", in->plan},
		{"region", in->region}, {"cancelAt", in->cancel_at}};
	struct json_object *document = json_own(&req->ctx, json_object_new_object()), *steps = NULL;
	char *end = NULL;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].text && *texts[i].text)
			page_text(document, texts[i].code, texts[i].text);
	if (in->ranking && *in->ranking) {
		long long number = strtoll(in->ranking, &end, 10);
		json_object_object_add(document, "rankingScore", *end ? json_object_new_string(in->ranking) : json_object_new_int64(number));
	}
	if (json_read(&req->ctx, in->steps, strlen(in->steps), JSON_DEPTH, &steps) == OK) {
		json_object_object_add(document, "steps", json_object_get(steps));
		return document;
	}
	page_text(view, "error", arena_printf(&req->ctx.arena, tr(req, "The steps are no JSON: %s"), req->ctx.fault.detail));
	ctx_forgive(&req->ctx);
	return document;
}

static enum err save_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	return flow_save(ctx, lease, &form->change, form->document);
}

static enum err publish_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	return flow_publish(ctx, lease, &form->change, form->activate);
}

static enum err restore_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	return flow_restore(ctx, lease, &form->change, form->version);
}

static enum err builder_save(struct req *req, struct rep *rep)
{
	const struct builder_input *in = req->input;
	struct json_object *view = page_view(req);
	struct flow_form form;
	flow_form_of(req, in->id, pg_int(&req->ctx, in->revision), &form);
	form.document = document_of(req, view);
	if (!json_object_object_get_ex(form.document, "steps", NULL)) {
		rep->status = 422;
		return builder_show(req, rep, view, in->id, 0, form.document, in->steps);
	}
	enum err err = flow_form_run(&form, save_run);
	if (err == OK)
		return builder_back(req, rep, "saved");
	if (err == ERR_PRECONDITION) {
		ctx_forgive(&req->ctx);
		rep->status = 412;
		page_text(view, "error", tr(req, "Somebody else saved meanwhile. What you sent stands in the form, and what is stored now below it; saving once more "
			"overwrites that."));
	} else {
		TRY(page_fault(req, rep, err, view));
	}
	return builder_show(req, rep, view, in->id, 0, form.document, in->steps);
}

/* Back to the page, or what went wrong is told on it. */
static enum err builder_end(struct req *req, struct rep *rep, enum err err, const char *notice)
{
	const struct builder_input *in = req->input;
	struct json_object *view = page_view(req);
	if (err == OK)
		return builder_back(req, rep, notice);
	if (err == ERR_PRECONDITION) {
		ctx_forgive(&req->ctx);
		rep->status = 412;
		page_text(view, "error", tr(req, "Somebody else saved meanwhile. This is what is stored now."));
	} else {
		TRY(page_fault(req, rep, err, view));
	}
	return flow_page_show(req, rep, view, in->id);
}

static enum err builder_publish(struct req *req, struct rep *rep)
{
	const struct builder_input *in = req->input;
	struct flow_form form;
	flow_form_of(req, in->id, pg_int(&req->ctx, in->revision), &form);
	form.activate = in->activate != NULL;
	return builder_end(req, rep, flow_form_run(&form, publish_run), "published");
}

static enum err builder_restore(struct req *req, struct rep *rep)
{
	const struct builder_input *in = req->input;
	struct flow_form form;
	flow_form_of(req, in->id, pg_int(&req->ctx, in->revision), &form);
	form.version = in->version;
	return builder_end(req, rep, flow_form_run(&form, restore_run), "restored");
}

#define WRITES ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct builder_input)
#define GOES_ON .shape = REPLY_NOTHING, .status = 303, .form = true

const struct route BUILDER_ROUTES[] = {
	{METHOD_GET, "/flows/:id", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, TAKES(PAGE_INPUT), .run = builder_page,
		.shape = REPLY_PAGE, .doc = "The builder of a flow: steps, editor and preview, its versions, and what can be done with it"},
	{METHOD_POST, "/flows/:id/publish", WRITES, TAKES(PUBLISH_INPUT), .run = builder_publish, GOES_ON, .doc = "Publishes a flow's draft"},
	{METHOD_POST, "/flows/:id/restore", WRITES, TAKES(RESTORE_INPUT), .run = builder_restore, GOES_ON,
		.doc = "Makes a flow's draft what a version was"},
	{METHOD_POST, "/flows/:id", WRITES, TAKES(SAVE_INPUT), .run = builder_save, GOES_ON, .doc = "Saves a flow's draft"},
	ROUTE_END};
