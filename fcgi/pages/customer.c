#include "pages/reach.h"

#include "event/event.h"
#include "identity/identity.h"
#include "measure/measure.h"
#include "pages/words.h"
#include "sql.h"

#include <string.h>

#define NOTE_MARK " · " /* between the parts of a session's note */
#define ID_LAST "ffffffff-ffff-ffff-ffff-ffffffffffff"

struct customer_input {
	const char *mode, *q, *after, *id;
	bool paused;
};

#define ID_FIELD INPUT(struct customer_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the customer")
#define AFTER_FIELD INPUT(struct customer_input, after, "after", IN_QUERY, FIELD_TEXT, .least = 1, .most = 300, .doc = "the last row of the page before")
#define Q_FIELD INPUT(struct customer_input, q, "q", IN_QUERY, FIELD_TEXT, .least = 0, .most = 254, .doc = "how an id, a name or an address begins")

static const struct field LIST_INPUT[] = {
	REACH_MODE(struct customer_input, mode, IN_QUERY), Q_FIELD,
	INPUT(struct customer_input, after, "after", IN_QUERY, FIELD_ID, .doc = "the last customer of the page before"), FIELD_END};
static const struct field FILE_INPUT[] = {REACH_MODE(struct customer_input, mode, IN_QUERY), Q_FIELD, FIELD_END};
static const struct field PAGE_INPUT[] = {ID_FIELD, REACH_MODE(struct customer_input, mode, IN_QUERY), AFTER_FIELD, FIELD_END};
static const struct field TIMELINE_INPUT[] = {ID_FIELD, REACH_MODE(struct customer_input, mode, IN_QUERY), FIELD_END};
static const struct field PAUSE_INPUT[] = {
	ID_FIELD, REACH_MODE(struct customer_input, mode, IN_BODY),
	INPUT(struct customer_input, paused, "paused", IN_BODY, FIELD_BOOL, .required = true, .doc = "whether mails to this customer stop"), FIELD_END};

static const char *sought(const struct customer_input *in)
{
	return in->q && *in->q ? in->q : NULL;
}

static enum err customers_page(struct req *req, struct rep *rep)
{
	const struct customer_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	struct json_object *view = page_view(req);
	const char *q = sought(in);
	PGresult *rows;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_CUSTOMERS_LIST, PARAMS(reach.org_id, reach.live, in->after ? in->after : ID_LAST,
		pg_int(&req->ctx, REACH_SHOWN + 1), q), &rows));
	reach_rows(req, view, "customers", rows, REACH_SHOWN);
	const char *more = reach_more(rows, REACH_SHOWN);
	page_text(view, "older", more ? reach_link(req, "/customers", "mode", reach.mode, "q", q, "after", more, NULL) : NULL);
	page_text(view, "csv", reach_link(req, "/customers.csv", "mode", reach.mode, "q", q, NULL));
	page_text(view, "q", q);
	page_text(view, "risk_meaning", measure_definition("risk", req_language(req)));
	reach_modes(&reach, view, "/customers");
	return page_show(req, rep, "customers", "Customers", view);
}

static enum err customers_file(struct req *req, struct rep *rep)
{
	const struct customer_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	const char *q = sought(in);

	return reply_csv(req, rep, &(struct csv_rows){.file = arena_printf(&req->ctx.arena, "customers-%.10s.csv", reach.now),
		.statement = &SQL_OUTREACH_CUSTOMERS_LIST, .cursor = 3, .limit = 4,
		.params = PARAMS(reach.org_id, reach.live, ID_LAST, "1", q)});
}

static enum err customer_load(const struct reach *reach, const char *id, PGresult **row_out)
{
	struct req *req = reach->req;

	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_CUSTOMER_GET, PARAMS(reach->org_id, reach->live, id), row_out));
	return PQntuples(*row_out) ? OK : fail(&req->ctx, ERR_NOT_FOUND, "There is no such customer");
}

/* {"plan": "Pro"} as lines. */
static void add_attributes(struct req *req, struct json_object *view, const char *text)
{
	struct json_object *attributes, *list = json_object_new_array();

	json_object_object_add(view, "traits", list);
	if (!text || json_read(&req->ctx, text, strlen(text), JSON_DEPTH, &attributes) != OK) {
		ctx_forgive(&req->ctx);
		return;
	}
	json_object_object_foreach(attributes, name, value) {
		struct json_object *item = json_object_new_object();

		page_text(item, "name", name);
		page_text(item, "value", value ? json_object_get_string(value) : "–");
		json_object_array_add(list, item);
	}
}

/* What the risk is made of: points by lib/measure/formula.c, of which none or few say nothing. */
static void add_risk(struct req *req, struct json_object *view, const char *text)
{
	static const struct { const char *name, *label; } PARTS[] = {{"attempts", TR("Clicks on Cancel")}, {"value", TR("Small monthly value")},
		{"acceptance", TR("Offers refused")}, {"repetition", TR("Coming back")}};
	struct json_object *why, *points, *one, *list = json_object_new_array();

	json_object_object_add(view, "risk_parts", list);
	page_text(view, "risk_meaning", measure_definition("risk", req_language(req)));
	if (!text || json_read(&req->ctx, text, strlen(text), JSON_DEPTH, &why) != OK) {
		ctx_forgive(&req->ctx);
		return;
	}
	if (!json_object_object_get_ex(why, "points", &points))
		return;
	for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
		struct json_object *part = json_object_new_object();

		page_text(part, "label", tr(req, PARTS[i].label));
		page_text(part, "points", json_object_object_get_ex(points, PARTS[i].name, &one) ?
			page_decimal(req, json_object_get_double(one), 1) : "–");
		json_object_array_add(list, part);
	}
}

/* Codes of sessions and invoices in the timeline; a customer's own words, which follow them, stay. */
static void timeline_words(struct req *req, struct json_object *timeline)
{
	static const struct { const char *code, *word; } REASONS[] = {{"subscription_cycle", TR("Renewal")}, {"subscription_create", TR("First payment")},
		{"subscription_update", TR("Change of plan")}, {"subscription_threshold", TR("Usage")}, {"manual", TR("Made by hand")}};

	for (size_t at = 0; at < json_object_array_length(timeline); at++) {
		struct json_object *item = json_object_array_get_idx(timeline, at);
		const char *kind = json_text(item, "kind", ""), *subject = json_text(item, "subject", ""), *note = json_text(item, "note", "");

		for (size_t i = 0; !strcmp(kind, "invoice") && i < sizeof REASONS / sizeof *REASONS; i++)
			if (!strcmp(subject, REASONS[i].code))
				page_text(item, "subject_word", tr(req, REASONS[i].word));
		if (strcmp(kind, "session") || !*note)
			continue;
		const char *words = "";
		for (const char *end; *note; note = end) {
			end = strstr(note, NOTE_MARK);
			size_t length = end ? (size_t)(end - note) : strlen(note);
			words = arena_printf(&req->ctx.arena, "%s%s%s", words, *words ? NOTE_MARK : "", page_word(req, arena_memdup(&req->ctx.arena, note, length)));
			end = note + length + (end ? sizeof NOTE_MARK - 1 : 0);
		}
		page_text(item, "note_word", words);
	}
}

static enum err customer_page(struct req *req, struct rep *rep)
{
	const struct customer_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	struct json_object *view = page_view(req);
	PGresult *customer, *rows;

	TRY(customer_load(&reach, in->id, &customer));
	reach_rows(req, view, "customer", customer, 1);
	add_attributes(req, view, pg_text(customer, 0, "attributes"));
	add_risk(req, view, pg_text(customer, 0, "churn_risk_why"));
	TRY(pg_query(&req->ctx, req->house.pool, &SQL_OUTREACH_CUSTOMER_TIMELINE, PARAMS(reach.org_id, reach.live, in->id,
		in->after ? in->after : "infinity|", pg_int(&req->ctx, REACH_SHOWN + 1)), &rows));
	reach_rows(req, view, "timeline", rows, REACH_SHOWN);
	timeline_words(req, json_object_object_get(view, "timeline"));
	const char *more = reach_more(rows, REACH_SHOWN), *path = arena_printf(&req->ctx.arena, "/customers/%s", in->id);
	page_text(view, "older", more ? reach_link(req, path, "mode", reach.mode, "after", more, NULL) : NULL);
	page_text(view, "csv", reach_link(req, arena_printf(&req->ctx.arena, "%s/timeline.csv", path), "mode", reach.mode, NULL));
	page_text(view, "mode", reach.mode);
	json_object_object_add(view, "on_customers", json_object_new_boolean(true));
	return page_show(req, rep, "customer", "Customer", view);
}

static enum err timeline_file(struct req *req, struct rep *rep)
{
	const struct customer_input *in = req->input;
	struct reach reach = reach_of(req, in->mode);
	PGresult *customer;

	TRY(customer_load(&reach, in->id, &customer));
	return reply_csv(req, rep, &(struct csv_rows){.file = arena_printf(&req->ctx.arena, "customer-%.10s.csv", reach.now),
		.statement = &SQL_OUTREACH_CUSTOMER_TIMELINE, .cursor = 4, .limit = 5,
		.params = PARAMS(reach.org_id, reach.live, in->id, "infinity|", "1")});
}

static enum err pause_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	struct req *req = argument;
	const struct customer_input *in = req->input;
	struct audit audit = audit_of(req, "customer.pause", "customer", in->id);
	struct reach reach = reach_of(req, in->mode);
	PGresult *row;

	TRY(pg_run(lease, &SQL_OUTREACH_CUSTOMER_PAUSE, PARAMS(reach.org_id, reach.live, in->id, pg_bool(in->paused)), &row));
	if (!PQntuples(row))
		return fail(ctx, ERR_NOT_FOUND, "There is no such customer");
	audit.after = audit_note(ctx, "paused", in->paused ? "yes" : "no", NULL);
	return event_audit(lease, &audit);
}

static enum err customer_pause(struct req *req, struct rep *rep)
{
	const struct customer_input *in = req->input;

	TRY(change_run(&req->ctx, req->house.pool, pause_run, req));
	return reply_redirect(req, rep, 303, reach_link(req, arena_printf(&req->ctx.arena, "/customers/%s", in->id), "mode", in->mode, NULL));
}

#define KNOWS ACCESS_PAGE, .permission = PERMIT_CUSTOMER_TEXT, .class = CLASS_PAGE
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct customer_input)
#define FILE_SHAPE .shape = REPLY_PLAIN, .media = "text/csv"

const struct route CUSTOMER_ROUTES[] = {
	{METHOD_GET, "/customers", KNOWS, TAKES(LIST_INPUT), .run = customers_page, .shape = REPLY_PAGE, .doc = "Customers, and a search for one"},
	{METHOD_GET, "/customers.csv", KNOWS, TAKES(FILE_INPUT), .run = customers_file, FILE_SHAPE, .doc = "Customers, as a file"},
	{METHOD_GET, "/customers/:id", KNOWS, TAKES(PAGE_INPUT), .run = customer_page, .shape = REPLY_PAGE, .doc = "A customer with all that happened"},
	{METHOD_GET, "/customers/:id/timeline.csv", KNOWS, TAKES(TIMELINE_INPUT), .run = timeline_file, FILE_SHAPE,
		.doc = "All that happened to a customer, as a file"},
	{METHOD_POST, "/customers/:id/pause", ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, TAKES(PAUSE_INPUT), .run = customer_pause,
		.shape = REPLY_NOTHING, .status = 303, .form = true, .doc = "Ends or allows mails of outreach to a customer"},
	ROUTE_END};
