#include "pages/page.h"

#include "retention/report.h"
#include "sql.h"

#include <string.h>

struct report_input {
	const char *id, *from, *to, *mode, *mail;
};

static const struct field MAKE_INPUT[] = {
	INPUT(struct report_input, from, "from", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 10, .doc = "the first day (UTC)"),
	INPUT(struct report_input, to, "to", IN_BODY, FIELD_TEXT, .required = true, .least = 0, .most = 10, .doc = "the last day"),
	INPUT(struct report_input, mode, "mode", IN_BODY, FIELD_ENUM, .required = true, .choices = "live|test", .doc = "live or test data"),
	INPUT(struct report_input, mail, "mail", IN_BODY, FIELD_ENUM, .choices = "yes", .doc = "mail it too"),
	FIELD_END};
static const struct field SHOW_INPUT[] = {
	INPUT(struct report_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the report"),
	FIELD_END};

static enum err ask(struct req *req, char id_out[ID_TEXT])
{
	const struct report_input *in = req->input;
	const struct report_new new = {.org_id = req->who.org_id, .live = !strcmp(in->mode, "live"), .from = in->from, .to = in->to,
		.customers = who_may(&req->who, PERMIT_CUSTOMER_TEXT), .account_id = in->mail ? req->who.account_id : NULL};
	struct lease lease;
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	enum err err = report_enqueue(&req->ctx, &lease, &new, id_out);
	lease_return(&lease);
	return err;
}

/* The form stands on the Overview; where it was not filled in well, it is here again. */
static enum err report_make(struct req *req, struct rep *rep)
{
	const struct report_input *in = req->input;
	char id[ID_TEXT];
	enum err err = ask(req, id);
	if (err == OK)
		return reply_redirect(req, rep, 303, report_page(&req->ctx, id));
	struct json_object *view = page_view(req);
	TRY(page_fault(req, rep, err, view));
	page_text(view, "from", in->from);
	page_text(view, "to", in->to);
	page_text(view, "mode", in->mode);
	json_object_object_add(view, "mail", json_object_new_boolean(in->mail != NULL));
	json_object_object_add(view, "form", json_object_new_boolean(true));
	return page_show(req, rep, "report", "Report", view);
}

static enum err add_totals(struct req *req, struct json_object *view, const PGresult *row)
{
	const char *text = pg_text(row, 0, "totals");
	struct json_object *totals, *texts = json_object_new_array();
	TRY(json_read(&req->ctx, text, strlen(text), JSON_DEPTH, &totals));
	json_object_object_add(view, "totals", json_object_get(totals));
	json_object_object_add(totals, "amounts", texts);
	struct json_object *saved = json_object_object_get(totals, "saved");
	if (!saved)
		return OK;
	json_object_object_foreach(saved, currency, amount)
		json_object_array_add(texts, json_object_new_string(page_money(req, json_object_get_int64(amount), currency)));
	return OK;
}

/* Jobs are kept for a day and reports for a week. */
static enum err report_show(struct req *req, struct rep *rep)
{
	const struct report_input *in = req->input;
	const char *names = pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT));
	struct json_object *view = page_view(req);
	PGresult *report, *job;
	page_text(view, "id", in->id);
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_RETENTION_REPORT_GET, PARAMS(req->who.org_id, in->id, names, NULL), &report));
	if (PQntuples(report)) {
		page_text(view, "from", pg_text(report, 0, "from_day"));
		page_text(view, "to", pg_text(report, 0, "to_day"));
		TRY(add_totals(req, view, report));
		return page_show(req, rep, "report", "Report", view);
	}
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_REPORT_JOB, PARAMS(req->who.org_id, in->id, names), &job));
	if (!PQntuples(job))
		return fail(&req->ctx, ERR_NOT_FOUND, "There is no such report, or no longer");
	const char *state = pg_text(job, 0, "state");
	page_text(view, "from", pg_text(job, 0, "from_day"));
	page_text(view, "to", pg_text(job, 0, "to_day"));
	page_text(view, "progress", pg_text(job, 0, "progress"));
	page_text(view, "said", pg_text(job, 0, "progress_note"));
	page_text(view, "message", pg_text(job, 0, "message"));
	json_object_object_add(view, !strcmp(state, "waiting") || !strcmp(state, "running") ? "underway" : state, json_object_new_boolean(true));
	return page_show(req, rep, "report", "Report", view);
}

static const struct rate_limit MAKE_LIMIT = {20, 60, 0};

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct report_input)

const struct route REPORTS_ROUTES[] = {
	{METHOD_POST, "/reports", READS, .class = CLASS_PAGE, TAKES(MAKE_INPUT), .run = report_make, .shape = REPLY_NOTHING, .status = 303,
		.form = true, .limit = &MAKE_LIMIT, .doc = "Starts a report and leads to its page"},
	{METHOD_GET, "/reports/:id", READS, .class = CLASS_PAGE, TAKES(SHOW_INPUT), .run = report_show, .shape = REPLY_PAGE,
		.doc = "How far a report is, and then its totals and files"},
	ROUTE_END};
