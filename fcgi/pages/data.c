#include "pages/page.h"

#include "retention/privacy.h"
#include "retention/retention.h"
#include "sql.h"

#include <string.h>

struct data_input {
	const char *id, *mode, *saved, *cancel_now;
	int64_t words, sessions, consent, alerts, outreach;
};

/* The bounds are keep_put()'s. */
#define DAYS(member, doc_) \
	INPUT(struct data_input, member, #member, IN_BODY, FIELD_INT, .required = true, .least = 1, .most = 36500, .doc = "days: " doc_)
static const struct field SHOW_INPUT[] = {
	INPUT(struct data_input, saved, "saved", IN_QUERY, FIELD_ENUM, .choices = "yes", .doc = "after the form"),
	FIELD_END};
static const struct field SAVE_INPUT[] = {
	INPUT(struct data_input, cancel_now, "cancelNow", IN_BODY, FIELD_ENUM, .choices = "on", .doc = "Cancel now stands beside every offer"),
	DAYS(words, "what customers wrote"), DAYS(sessions, "who clicked on Cancel"), DAYS(consent, "consent records"), DAYS(alerts, "alerts"),
	DAYS(outreach, "mails to customers"), FIELD_END};
#define CUSTOMER INPUT(struct data_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the customer")
static const struct field EXPORT_INPUT[] = {
	CUSTOMER, INPUT(struct data_input, mode, "mode", IN_QUERY, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data"), FIELD_END};
static const struct field ERASE_INPUT[] = {
	CUSTOMER, INPUT(struct data_input, mode, "mode", IN_BODY, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data"), FIELD_END};

static struct json_object *rule_view(struct req *req, int number, int days)
{
	const struct keep_rule *rule = &KEEP_RULES[number];
	struct json_object *view = json_object_new_object();
	page_text(view, "name", rule->name);
	page_text(view, "what", tr(req, rule->what));
	page_text(view, "fate", tr(req, rule->fate));
	json_object_object_add(view, "own", json_object_new_boolean(!rule->conf));
	json_object_object_add(view, "days", json_object_new_int(days));
	json_object_object_add(view, "least", json_object_new_int(rule->least));
	json_object_object_add(view, "most", json_object_new_int(rule->most));
	return view;
}

/* Tables without a period, one item a reason. */
static void reasons_view(struct req *req, struct json_object *view)
{
	struct json_object *list = json_object_new_array();
	json_object_object_add(view, "reasons", list);
	for (const struct keep_table *table = KEEP_TABLES; table->table; table++) {
		bool said = !table->reason;
		for (const struct keep_table *before = KEEP_TABLES; before < table && !said; before++)
			said = before->reason && !strcmp(before->reason, table->reason);
		if (said)
			continue;
		struct json_object *item = json_object_new_object(), *tables = json_object_new_array();
		page_text(item, "reason", tr(req, table->reason));
		json_object_object_add(item, "tables", tables);
		for (const struct keep_table *same = table; same->table; same++)
			if (same->reason && !strcmp(same->reason, table->reason))
				json_object_array_add(tables, json_object_new_string(same->table));
		json_object_array_add(list, item);
	}
}

static enum err data_show(struct req *req, struct rep *rep, struct json_object *view, const struct privacy *privacy)
{
	struct json_object *rules = json_object_new_array();
	json_object_object_add(view, "rules", rules);
	for (int i = 0; KEEP_RULES[i].name; i++)
		json_object_array_add(rules, rule_view(req, i, privacy->days[i]));
	reasons_view(req, view);
	json_object_object_add(view, "cancel_now", json_object_new_boolean(privacy->cancel_now));
	json_object_object_add(view, "on_data", json_object_new_boolean(true));
	return page_show(req, rep, "data", "Data", view);
}

static enum err data_page(struct req *req, struct rep *rep)
{
	const struct data_input *in = req->input;
	struct json_object *view = page_view(req);
	struct privacy privacy;
	TRY(privacy_get(&req->ctx, req->house.pool, req->who.org_id, &privacy));
	page_text(view, "notice", in->saved ? tr(req, "Saved. What is older goes with the next clean-up, at night.") : NULL);
	return data_show(req, rep, view, &privacy);
}

static void privacy_sent(const struct data_input *in, struct privacy *privacy)
{
	const struct { const char *name; int64_t days; } SENT[] = {{"words", in->words}, {"sessions", in->sessions}, {"consent", in->consent},
		{"alerts", in->alerts}, {"outreach", in->outreach}};
	privacy->cancel_now = in->cancel_now;
	for (size_t i = 0; i < sizeof SENT / sizeof *SENT; i++)
		privacy->days[keep_rule(SENT[i].name) - KEEP_RULES] = (int)SENT[i].days;
}

static enum err save_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct audit by = audit_of(req, NULL, NULL, NULL);
	struct privacy privacy = {0};
	privacy_sent(req->input, &privacy);
	return privacy_put(ctx, lease, &by, &privacy);
}

static enum err data_save(struct req *req, struct rep *rep)
{
	enum err err = change_run(&req->ctx, req->house.pool, save_run, req);
	if (err == OK) {
		flows_forget(&req->ctx, req->house.cache, req->who.org_id);
		return reply_redirect(req, rep, 303, "/settings/data?saved=yes");
	}
	struct json_object *view = page_view(req);
	struct privacy privacy;
	TRY(page_fault(req, rep, err, view));
	TRY(privacy_get(&req->ctx, req->house.pool, req->who.org_id, &privacy));
	privacy_sent(req->input, &privacy);
	return data_show(req, rep, view, &privacy);
}

/* --- one customer --- */

static bool is_live(const struct data_input *in)
{
	return !in->mode || strcmp(in->mode, "test");
}

static enum err export_file(struct req *req, struct rep *rep)
{
	const struct data_input *in = req->input;
	const char *json;
	TRY(customer_export(&req->ctx, req->house.pool, req->who.org_id, is_live(in), in->id, &json));
	reply_header(rep, "Content-Disposition", arena_printf(&req->ctx.arena, "attachment; filename=\"customer-%s.json\"", in->id));
	reply_header(rep, "Cache-Control", "no-store");
	rep->type = BODY_JSON;
	buffer_text(&rep->body, json);
	return OK;
}

struct erasure { struct req *req; char job[ID_TEXT]; };

static enum err erase_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct erasure *erasure = argument;
	const struct data_input *in = erasure->req->input;
	const struct audit by = audit_of(erasure->req, NULL, NULL, NULL);
	return customer_erase(ctx, lease, &by, is_live(in), in->id, erasure->job);
}

static enum err erase(struct req *req, struct rep *rep)
{
	const struct data_input *in = req->input;
	struct erasure erasure = {.req = req};
	enum err err = change_run(&req->ctx, req->house.pool, erase_run, &erasure);
	if (err != OK && err != ERR_CONFLICT)
		return err;
	/* It is on its way already. */
	ctx_forgive(&req->ctx);
	return reply_redirect(req, rep, 303, arena_printf(&req->ctx.arena, "/customers/%s?mode=%s", in->id, is_live(in) ? "live" : "test"));
}

#define TAKES(fields) .input = (fields), .input_size = sizeof(struct data_input)

const struct route DATA_ROUTES[] = {
	{METHOD_GET, "/settings/data", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_PAGE, TAKES(SHOW_INPUT), .run = data_page,
		.shape = REPLY_PAGE, .doc = "What is kept for how long, and Cancel now"},
	{METHOD_POST, "/settings/data", ACCESS_PAGE, .permission = PERMIT_ORG_WRITE, .class = CLASS_PAGE, TAKES(SAVE_INPUT), .run = data_save,
		.shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Changes what is kept for how long, and Cancel now"},
	{METHOD_GET, "/customers/:id/export", ACCESS_PAGE, .permission = PERMIT_CUSTOMER_TEXT, .class = CLASS_PAGE, TAKES(EXPORT_INPUT),
		.run = export_file, .shape = REPLY_PLAIN, .media = "application/json", .doc = "Everything that is kept of one customer, as a file"},
	{METHOD_POST, "/customers/:id/erase", ACCESS_PAGE, .permission = PERMIT_CUSTOMER_TEXT, .class = CLASS_PAGE, TAKES(ERASE_INPUT), .run = erase,
		.shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Erases one customer's personal data, by a job"},
	ROUTE_END};
