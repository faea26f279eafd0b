#include "pages/flow.h"

#include "base/zone.h"
#include "retention/flow_file.h"
#include "retention/retention.h"
#include "sql.h"
#include "text/language.h"

#include <stdio.h>
#include <string.h>

#define FLOWS_SHOWN 50
#define STATUSES "draft|active|inactive|archived"
#define EMPTY "empty"

struct flows_input {
	const char *id, *status, *before, *notice;
	const char *name, *template, *language;
	const char *format, *text, *keep;
	const char *state, *from, *until;
};

#define BODY(member, name, kind, ...) INPUT(struct flows_input, member, name, IN_BODY, kind, __VA_ARGS__)
#define FLOW INPUT(struct flows_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the flow")

static const struct field LIST_INPUT[] = {
	INPUT(struct flows_input, status, "status", IN_QUERY, FIELD_ENUM, .choices = STATUSES, .doc = "only these; all but the archive unless given"),
	INPUT(struct flows_input, before, "before", IN_QUERY, FIELD_ID, .doc = "the last flow of the page before"),
	INPUT(struct flows_input, notice, "notice", IN_QUERY, FIELD_ENUM, .choices = "changed|deleted", .doc = "after a form"),
	FIELD_END};
static const struct field MAKE_INPUT[] = {
	BODY(name, "name", FIELD_TEXT, .required = true, .least = 0, .most = 1000, .doc = "its name, for its owner"),
	BODY(template, "template", FIELD_TEXT, .least = 0, .most = 64, .doc = "what it begins with; empty unless given"),
	BODY(language, "language", FIELD_TEXT, .required = true, .least = 2, .most = 2, .doc = "of its steps"),
	FIELD_END};
static const struct field IMPORT_INPUT[] = {
	BODY(format, "format", FIELD_ENUM, .required = true, .choices = "table|csv|json", .doc = "what the text is"),
	BODY(text, "text", FIELD_LINES, .required = true, .least = 0, .most = FLOW_DOCUMENT_BYTES, .doc = "a table, CSV or JSON"),
	BODY(keep, "keep", FIELD_ENUM, .choices = "true", .doc = "makes a flow of it"),
	FIELD_END};
static const struct field STATE_INPUT[] = {
	FLOW,
	BODY(state, "state", FIELD_ENUM, .required = true, .choices = "active|inactive|archived|unarchived", .doc = "what it becomes"),
	BODY(from, "from", FIELD_TEXT, .least = 1, .most = 19, .doc = "active: from then on, local time of the person"),
	BODY(until, "until", FIELD_TEXT, .least = 1, .most = 19, .doc = "active: until then, local time of the person"),
	FIELD_END};
/* Buttons of the form of states lead here too. */
static const struct field FLOW_INPUT[] = {FLOW, FIELD_END};

/* --- the list --- */

static const char *whom_text(struct req *req, const PGresult *rows, int row)
{
	static const struct flow_word SEGMENTS[] = {{"trial", TR("trial value")}, {"low", TR("low value")}, {"medium", TR("medium value")},
		{"high", TR("high value")}};
	const char *parts[] = {FLOW_WORD(req, SEGMENTS, pg_text(rows, row, "segment")), pg_text(rows, row, "plan"), pg_text(rows, row, "region")};
	const char *text = NULL;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (parts[i])
			text = text ? arena_printf(&req->ctx.arena, "%s · %s", text, parts[i]) : parts[i];
	return text;
}

static void add_states(struct req *req, struct json_object *view, const char *status)
{
	static const struct flow_word STATES[] = {{"active", TR("Active")}, {"inactive", TR("Not active")}, {"draft", TR("Never published")},
		{"archived", TR("In the archive")}};
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "states", list);
	json_object_object_add(flow_choice(list, "", tr(req, "All"), status ? NULL : ""), "value", NULL);
	for (size_t i = 0; i < sizeof STATES / sizeof *STATES; i++)
		flow_choice(list, STATES[i].code, tr(req, STATES[i].text), status);
}

static void add_templates(struct req *req, struct json_object *view, const char *chosen)
{
	static const struct flow_word TEMPLATES[] = {{EMPTY, TR("nothing")}, {"standard", TR("Standard")}, {"aggressive", TR("Aggressive")},
		{"simple-feedback", TR("Simple feedback")}, {"too_expensive", TR("Reason: too expensive")},
		{"missing_features", TR("Reason: missing features")}, {"switched_service", TR("Reason: another service")},
		{"unused", TR("Reason: not used enough")}, {"customer_service", TR("Reason: customer service")},
		{"too_complex", TR("Reason: too complex")}, {"low_quality", TR("Reason: low quality")}, {"other", TR("Reason: other")}};
	struct json_object *list = json_object_new_array(), *known = flow_templates(&req->ctx);
	json_object_object_add(view, "templates", list);
	for (size_t i = 0; i < json_object_array_length(known); i++) {
		const char *code = json_text(json_object_array_get_idx(known, i), "template", "");
		flow_choice(list, code, FLOW_WORD(req, TEMPLATES, code), chosen);
	}
	flow_choice(list, EMPTY, FLOW_WORD(req, TEMPLATES, EMPTY), chosen);
}

static void add_languages(struct json_object *view, const char *chosen)
{
	static const struct { const char *code, *name; } LANGUAGES_OF_STEPS[] = {{"en", "English"}, {"de", "Deutsch"}, {"fr", "Français"}, {"es", "Español"},
		{"it", "Italiano"}, {"nl", "Nederlands"}, {"pt", "Português"}, {"pl", "Polski"}, {"cs", "Čeština"}, {"da", "Dansk"}, {"sv", "Svenska"},
		{"nb", "Norsk bokmål"}, {"fi", "Suomi"}, {"tr", "Türkçe"}, {"uk", "Українська"}, {"ar", "العربية"}, {"he", "עברית"}, {"ja", "日本語"},
		{"ko", "한국어"}, {"zh", "中文"}};
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "languages", list);
	for (size_t i = 0; i < sizeof LANGUAGES_OF_STEPS / sizeof *LANGUAGES_OF_STEPS; i++)
		flow_choice(list, LANGUAGES_OF_STEPS[i].code, LANGUAGES_OF_STEPS[i].name, chosen);
}

static enum err flows_show(struct req *req, struct rep *rep, struct json_object *view, const char *status, const char *before)
{
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_FLOW_LIST, PARAMS(req->who.org_id,
		before ? before : "ffffffff-ffff-ffff-ffff-ffffffffffff", status, pg_int(&req->ctx, FLOWS_SHOWN + 1)), &rows));
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "flows", list);
	for (int row = 0; row < PQntuples(rows) && row < FLOWS_SHOWN; row++) {
		struct json_object *flow = flow_view(req, rows, row);
		page_text(flow, "languages", pg_text(rows, row, "languages"));
		page_text(flow, "rank", pg_text(rows, row, "rank"));
		page_text(flow, "whom", whom_text(req, rows, row));
		page_text(flow, "sessions", page_number(req, pg_number(rows, row, "sessions", 0)));
		json_object_object_add(flow, "wrong", json_object_new_boolean(pg_true(rows, row, "wrong")));
		json_object_array_add(list, flow);
	}
	json_object_object_add(view, "any", json_object_new_boolean(PQntuples(rows) > 0));
	page_text(view, "more", PQntuples(rows) > FLOWS_SHOWN ? pg_text(rows, FLOWS_SHOWN - 1, "id") : NULL);
	page_text(view, "before", before);
	page_text(view, "status", status);
	add_states(req, view, status);
	return page_show(req, rep, "flows", TR("Flows"), view);
}

static enum err flows_page(struct req *req, struct rep *rep)
{
	static const struct flow_word NOTICES[] = {{"changed", TR("It is done.")}, {"deleted", TR("The flow is deleted.")}};
	const struct flows_input *in = req->input;
	struct json_object *view = page_view(req);
	page_text(view, "notice", FLOW_WORD(req, NOTICES, in->notice));
	add_templates(req, view, "standard");
	add_languages(view, req_language(req));
	return flows_show(req, rep, view, in->status, in->before);
}

/* --- new ones --- */

static enum err create_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	return flow_create(ctx, lease, &form->change, form->document, form->made);
}

static enum err copy_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	return flow_duplicate(ctx, lease, &form->change, form->made);
}

static enum err to_flow(struct req *req, struct rep *rep, const char *id, const char *notice)
{
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/flows/%s?notice=%s", id, notice));
}

/* A flow without steps, or a template's. */
static enum err document_new(struct req *req, const struct flows_input *in, struct json_object **document_out)
{
	if (in->template && *in->template && strcmp(in->template, EMPTY) != 0)
		return flow_template(&req->ctx, in->template, in->language, in->name, document_out);
	*document_out = json_own(&req->ctx, json_object_new_object());
	page_text(*document_out, "name", in->name);
	page_text(*document_out, "language", in->language);
	json_object_object_add(*document_out, "steps", json_object_new_array());
	return OK;
}

static enum err flows_make(struct req *req, struct rep *rep)
{
	const struct flows_input *in = req->input;
	struct flow_form form;
	flow_form_of(req, NULL, NULL, &form);
	enum err err = document_new(req, in, &form.document);
	if (err == OK)
		err = flow_form_run(&form, create_run);
	if (err == OK)
		return to_flow(req, rep, form.made, "made");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	page_text(view, "name", in->name);
	add_templates(req, view, in->template);
	add_languages(view, in->language);
	return flows_show(req, rep, view, NULL, NULL);
}

static enum err flow_copy(struct req *req, struct rep *rep)
{
	const struct flows_input *in = req->input;
	struct flow_form form;
	flow_form_of(req, in->id, NULL, &form);
	TRY(flow_form_run(&form, copy_run));
	return to_flow(req, rep, form.made, "made");
}

/* --- import --- */

static enum err import_show(struct req *req, struct rep *rep, struct json_object *view)
{
	json_object_object_add(view, "on_flows", json_object_new_boolean(true));
	return page_show(req, rep, "flow-import", TR("Import a flow"), view);
}

static enum err import_page(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	json_object_object_add(view, "is_table", json_object_new_boolean(true));
	return import_show(req, rep, view);
}

static enum err import_read(struct req *req, struct json_object **result_out)
{
	const struct flows_input *in = req->input;
	struct lease lease;
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = flow_import(&req->ctx, &lease, req->who.org_id, in->format, in->text, result_out);
	lease_return(&lease);
	return err;
}

/* A step without a title has null, so that the page's own is not shown in its place. */
static struct json_object *import_view(struct json_object *document)
{
	struct json_object *view = json_object_new_object(), *steps = json_object_object_get(document, "steps"), *list = json_object_new_array();
	page_text(view, "name", json_text(document, "name", NULL));
	page_text(view, "language", json_text(document, "language", NULL));
	json_object_object_add(view, "steps", list);
	for (size_t i = 0; steps && i < json_object_array_length(steps); i++) {
		struct json_object *step = json_object_array_get_idx(steps, i), *item = json_object_new_object();
		page_text(item, "title", json_text(step, "title", NULL));
		page_text(item, "type", json_text(step, "type", NULL));
		json_object_array_add(list, item);
	}
	return view;
}

static enum err flow_import_form(struct req *req, struct rep *rep)
{
	const struct flows_input *in = req->input;
	struct json_object *view = page_view(req), *result, *faults;
	struct flow_form form;
	TRY(import_read(req, &result));
	flow_form_of(req, NULL, NULL, &form);
	form.document = json_object_object_get(result, "flow");
	enum err err = in->keep && form.document ? flow_form_run(&form, create_run) : ERR_INVALID;
	if (err == OK)
		return to_flow(req, rep, form.made, "made");
	if (in->keep && form.document)
		TRY(page_fault(req, rep, err, view));
	faults = json_object_object_get(result, "errors");
	json_object_object_add(view, "read", json_object_new_boolean(true));
	json_object_object_add(view, "faults", json_object_get(faults));
	json_object_object_add(view, "any_faults", json_object_new_boolean(json_object_array_length(faults) > 0));
	if (form.document)
		json_object_object_add(view, "document", import_view(form.document));
	json_object_object_add(view, arena_printf(&req->ctx.arena, "is_%s", in->format), json_object_new_boolean(true));
	page_text(view, "text", in->text);
	flow_add_issues(req, view, json_object_object_get(result, "review"), form.document);
	return import_show(req, rep, view);
}

/* --- states --- */

/* "2026-01-31T14:05" of the person's zone as a time in UTC; a day is its first moment. NULL stays NULL. */
static enum err instant(struct req *req, const char *name, const char *local, const char **utc_out)
{
	int year, month, day, hour = 0, minute = 0;
	struct zone zone;
	*utc_out = NULL;
	if (!local)
		return OK;
	int read = sscanf(local, "%4d-%2d-%2dT%2d:%2d", &year, &month, &day, &hour, &minute);
	if ((read != 3 && read != 5) || month < 1 || month > 12 || day < 1 || day > date_month_length(year, month) || hour > 23 || minute > 59)
		return fail_field(&req->ctx, ERR_INVALID, name, "%s", tr(req, "This is no time"));
	int64_t wall_s = date_days(year, month, day) * 86400 + hour * 3600 + minute * 60, utc_s = wall_s;
	/* The offset that holds then is found from the offset that holds at about that time. */
	for (int i = 0; i < 2 && zone_open(req->who.zone, &zone); i++)
		utc_s = wall_s - zone_offset(&zone, utc_s);
	int64_t days = utc_s / 86400, utc_year;
	date_of(days, &utc_year, &month, &day);
	*utc_out = arena_printf(&req->ctx.arena, "%04lld-%02d-%02dT%02d:%02d:00Z", (long long)utc_year, month, day, (int)(utc_s % 86400 / 3600),
		(int)(utc_s % 3600 / 60));
	return OK;
}

static enum err state_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	if (!strcmp(form->state, "active"))
		return flow_activate(ctx, lease, &form->change, form->from, form->until);
	if (!strcmp(form->state, "inactive"))
		return flow_deactivate(ctx, lease, &form->change);
	return flow_archive(ctx, lease, &form->change, !strcmp(form->state, "archived"));
}

static enum err flow_state(struct req *req, struct rep *rep)
{
	const struct flows_input *in = req->input;
	struct flow_form form;
	flow_form_of(req, in->id, NULL, &form);
	form.state = in->state;
	enum err err = instant(req, "from", in->from, &form.from);
	if (err == OK)
		err = instant(req, "until", in->until, &form.until);
	if (err == OK)
		err = flow_form_run(&form, state_run);
	if (err == OK)
		return to_flow(req, rep, in->id, "changed");
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	page_text(view, "from", in->from);
	page_text(view, "until", in->until);
	return flow_page_show(req, rep, view, in->id);
}

static enum err delete_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct flow_form *form = argument;
	return flow_delete(ctx, lease, &form->change);
}

static enum err flow_end(struct req *req, struct rep *rep)
{
	const struct flows_input *in = req->input;
	struct flow_form form;
	flow_form_of(req, in->id, NULL, &form);
	TRY(flow_form_run(&form, delete_run));
	return reply_redirect(req, rep, 303, "/flows?notice=deleted");
}

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE
#define WRITES ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct flows_input)
#define GOES_ON .shape = REPLY_NOTHING, .status = 303, .form = true

const struct route FLOWS_ROUTES[] = {
	{METHOD_GET, "/flows", READS, TAKES(LIST_INPUT), .run = flows_page, .shape = REPLY_PAGE,
		.doc = "The flows with their state, targets and sessions, and a form for another"},
	{METHOD_POST, "/flows", WRITES, TAKES(MAKE_INPUT), .run = flows_make, GOES_ON, .doc = "Makes a flow, empty or from a template"},
	{METHOD_GET, "/flow-import", WRITES, .run = import_page, .shape = REPLY_PAGE, .doc = "A form for a flow as a table, CSV or JSON"},
	{METHOD_POST, "/flow-import", WRITES, TAKES(IMPORT_INPUT), .run = flow_import_form, .shape = REPLY_PAGE, .form = true, .also = 303,
		.doc = "Shows what a text becomes as a flow, with what is wrong by line, or makes the flow"},
	{METHOD_POST, "/flows/:id/state", WRITES, TAKES(STATE_INPUT), .run = flow_state, GOES_ON,
		.doc = "Shows a flow to customers, perhaps for a time, or to nobody, or archives it"},
	{METHOD_POST, "/flows/:id/copy", WRITES, TAKES(FLOW_INPUT), .run = flow_copy, GOES_ON, .doc = "Makes a flow with a copy of a flow's draft"},
	{METHOD_POST, "/flows/:id/delete", WRITES, TAKES(FLOW_INPUT), .run = flow_end, GOES_ON, .doc = "Deletes a flow that was never published"},
	ROUTE_END};
