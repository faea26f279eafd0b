#include "pages/page.h"

#include "sql.h"

#include <string.h>

#define LINES_SHOWN 50

struct audit_input {
	const char *what, *who, *from, *to, *before;
};

/* A form that is sent by GET names what it leaves open as empty text. */
static const struct field PAGE_INPUT[] = {
	INPUT(struct audit_input, what, "what", IN_QUERY, FIELD_TEXT, .least = 0, .most = 64, .doc = "an action, or the first part of several: key"),
	INPUT(struct audit_input, who, "who", IN_QUERY, FIELD_TEXT, .least = 0, .most = 64, .doc = "the person's id"),
	INPUT(struct audit_input, from, "from", IN_QUERY, FIELD_TEXT, .least = 0, .most = 10, .doc = "first day, UTC"),
	INPUT(struct audit_input, to, "to", IN_QUERY, FIELD_TEXT, .least = 0, .most = 10, .doc = "last day, UTC"),
	INPUT(struct audit_input, before, "before", IN_QUERY, FIELD_ID, .doc = "the list goes on behind this line"),
	FIELD_END};

static const struct { const char *value, *label; } SUBJECTS[] = {
	{"cancel", TR("Cancellations by customers")}, {"decision", TR("Decisions")}, {"customer", TR("Customers")}, {"flow", TR("Flows")},
	{"segment", TR("Segments")}, {"offer", TR("Offers")}, {"experiment", TR("Experiments")}, {"outreach", TR("Outreach")}, {"coupon", TR("Coupons")},
	{"connection", TR("Stripe")}, {"branding", TR("Appearance")}, {"privacy", TR("Data")}, {"member", TR("Members")},
	{"session", TR("Sign-ins")}, {"login", TR("Failed sign-ins")}, {"password", TR("Passwords")}, {"key", TR("Keys")}, {"webhook", TR("Webhooks")},
	{"job", TR("Jobs")}, {"organisation", TR("Organisation")}};

static const char *given(const char *text)
{
	return text && *text ? text : NULL;
}

static void add_choice(struct json_object *list, const char *value, const char *label, const char *chosen)
{
	struct json_object *item = json_object_new_object();
	page_text(item, "value", value);
	page_text(item, "label", label);
	json_object_object_add(item, "chosen", json_object_new_boolean(chosen && !strcmp(chosen, value)));
	json_object_array_add(list, item);
}

static enum err add_filter(struct req *req, const struct audit_input *in, struct json_object *view)
{
	struct json_object *subjects = json_object_new_array(), *people = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, "subjects", subjects);
	json_object_object_add(view, "people", people);
	for (size_t i = 0; i < sizeof SUBJECTS / sizeof *SUBJECTS; i++)
		add_choice(subjects, SUBJECTS[i].value, tr(req, SUBJECTS[i].label), in->what);
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_PAGES_AUDIT_PEOPLE, PARAMS(req->who.org_id), &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		add_choice(people, pg_text(rows, row, "id"), pg_text(rows, row, "name"), in->who);
	page_text(view, "from", in->from);
	page_text(view, "to", in->to);
	return OK;
}

static struct json_object *line_view(struct req *req, const PGresult *rows, int row)
{
	static const char *const TEXTS[] = {"action", "entity", "entity_id", "before", "after", "address", "actor"};
	struct json_object *line = json_object_new_object();
	for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++)
		page_text(line, TEXTS[i], pg_text(rows, row, TEXTS[i]));
	page_stamp(req, line, "at", pg_text(rows, row, "at"));
	json_object_object_add(line, pg_text(rows, row, "actor_kind"), json_object_new_boolean(true));
	json_object_object_add(line, "detail", json_object_new_boolean(pg_text(rows, row, "before") || pg_text(rows, row, "after")));
	return line;
}

static const char *filter_query(struct req *req, const struct audit_input *in)
{
	const struct { const char *name, *value; } PARTS[] = {{"what", in->what}, {"who", in->who}, {"from", in->from}, {"to", in->to}};
	struct buffer query = {0};
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++)
		if (PARTS[i].value) {
			buffer_printf(&query, "%s=", PARTS[i].name);
			buffer_url(&query, PARTS[i].value, strlen(PARTS[i].value));
			buffer_char(&query, '&');
		}
	const char *text = query.length ? arena_strdup(&req->ctx.arena, query.data) : "";
	buffer_free(&query);
	return text;
}

static enum err audit_page(struct req *req, struct rep *rep)
{
	struct audit_input in = *(const struct audit_input *)req->input;
	struct json_object *view = page_view(req), *lines = json_object_new_array();
	PGresult *rows;
	in = (struct audit_input){given(in.what), given(in.who), given(in.from), given(in.to), in.before};
	json_object_object_add(view, "lines", lines);
	TRY(add_filter(req, &in, view));
	enum err err = pg_query(&req->ctx, req->house.pool, &SQL_PAGES_AUDIT_LIST,
		PARAMS(req->who.org_id, in.what, in.who, in.from, in.to, in.before, pg_int(&req->ctx, LINES_SHOWN)), &rows);
	if (err == ERR_INVALID) {
		ctx_forgive(&req->ctx);
		fail(&req->ctx, ERR_INVALID, "A day is written as 2026-01-31");
	}
	if (err != OK) {
		TRY(page_fault(req, rep, err, view));
		return page_show(req, rep, "audit", "Audit log", view);
	}
	for (int row = 0; row < PQntuples(rows) && row < LINES_SHOWN; row++)
		json_object_array_add(lines, line_view(req, rows, row));
	if (PQntuples(rows) > LINES_SHOWN)
		page_text(view, "older", arena_printf(&req->ctx.arena, "/audit?%sbefore=%s", filter_query(req, &in), pg_text(rows, LINES_SHOWN - 1, "id")));
	return page_show(req, rep, "audit", "Audit log", view);
}

const struct route AUDIT_ROUTES[] = {
	{METHOD_GET, "/audit", ACCESS_PAGE, .permission = PERMIT_AUDIT_READ, .class = CLASS_PAGE, .input = PAGE_INPUT,
		.input_size = sizeof(struct audit_input), .run = audit_page, .shape = REPLY_PAGE, .doc = "Who changed what and when, newest first"},
	ROUTE_END};
