#include "pages/sheet.h"

#include "event/event.h"
#include "pages/chart.h"
#include "pages/words.h"
#include "retention/retention.h"
#include "sql.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WAITING_SHOWN 10
#define ID_LAST "ffffffff-ffff-ffff-ffff-ffffffffffff"

struct overview_input {
	struct range_input range;
	const char *behind;
};

static const struct field OVERVIEW_INPUT[] = {
	RANGE_INPUT(struct overview_input, range),
	INPUT(struct overview_input, behind, "behind", IN_QUERY, FIELD_TEXT, .least = 1, .most = 100, .doc = "the last waiting decision of the list before"),
	FIELD_END};

struct hand_input {
	const char *id, *mode, *done;
};

static const struct field HAND_INPUT[] = {
	INPUT(struct hand_input, id, "id", IN_PATH, FIELD_ID, .required = true, .doc = "the decision's session"),
	INPUT(struct hand_input, mode, "mode", IN_BODY, FIELD_ENUM, .choices = "live|test", .doc = "live (default) or test data"),
	INPUT(struct hand_input, done, "done", IN_BODY, FIELD_ENUM, .required = true, .choices = "yes|no", .doc = "whether it was carried out"),
	FIELD_END};

static enum err run(struct lease *lease, const struct statement *statement, const struct range *range, PGresult **rows_out)
{
	return pg_run(lease, statement, PARAMS(range->scope.org_id, pg_bool(range->scope.live), range->scope.from, range->scope.to), rows_out);
}

/* --- figures --- */

static const struct { const char *name, *title; enum { COUNTED, RATED, PAID } kind; bool good; } FIGURES[] = {
	{"kept_net_minor", TR("Really paid after accepted offers"), PAID, true}, {"saved_minor", TR("Estimate a month"), PAID, false},
	{"save_rate", TR("Save rate"), RATED, false}, {"accepted", TR("Offers accepted"), COUNTED, true}, {"accept_rate", TR("Accept rate"), RATED, false},
	{"stay_rate", TR("Stay rate"), RATED, false}, {"saved", TR("Saved"), COUNTED, true}, {"deflected", TR("Deflected"), COUNTED, false},
	{"lost", TR("Lost"), COUNTED, false}, {"waiting", TR("30 days not over"), COUNTED, false}, {"unknown", TR("Unknown"), COUNTED, false},
	{"sessions", TR("Sessions"), COUNTED, false}};
#define FIGURE_COUNT (sizeof FIGURES / sizeof *FIGURES)

static struct json_object *figure_texts(struct req *req, const PGresult *row, size_t figure)
{
	const char *text = pg_text(row, 0, FIGURES[figure].name);
	if (FIGURES[figure].kind == PAID)
		return moneys_view(req, text);
	struct json_object *texts = json_object_new_array();
	const char *said = !text ? "–" : FIGURES[figure].kind == RATED ? arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, strtod(text, NULL), 1)) :
		page_number(req, strtoll(text, NULL, 10));
	json_object_array_add(texts, json_object_new_string(said));
	return texts;
}

static enum err add_figures(const struct range *range, struct lease *lease, struct json_object *view)
{
	struct req *req = range->req;
	struct json_object *figures = json_object_new_array();
	PGresult *now, *before = NULL;
	TRY(measure_read(lease, MEASURE_SUMMARY, &range->scope, &now));
	if (range->compare)
		TRY(measure_read(lease, MEASURE_SUMMARY, &range->before, &before));
	for (size_t i = 0; i < FIGURE_COUNT; i++) {
		struct json_object *figure = json_object_new_object();
		page_text(figure, "id", FIGURES[i].name);
		page_text(figure, "term", tr(req, FIGURES[i].title));
		page_text(figure, "meaning", measure_definition(FIGURES[i].name, req_language(req)));
		json_object_object_add(figure, "good", json_object_new_boolean(FIGURES[i].good));
		json_object_object_add(figure, "texts", figure_texts(req, now, i));
		json_object_object_add(figure, "before", before ? figure_texts(req, before, i) : NULL);
		json_object_array_add(figures, figure);
	}
	json_object_object_add(view, "figures", figures);
	json_object_object_add(view, "compared", json_object_new_boolean(before != NULL));
	return OK;
}

/* --- how sessions ended, over time --- */

enum { ENDED_ACCEPTED, ENDED_STAYED, ENDED_CANCELS, ENDED };

static int days_a_bar(int days)
{
	return days <= 45 ? 1 : days <= 190 ? 7 : 14;
}

/* Bars end on the last day, so that the first one may stand for fewer days than the others. */
static enum err add_days(const struct range *range, struct lease *lease, struct json_object *sheets)
{
	static const struct sheet_column COLUMNS[] = {{.name = "day", .title = TR("First day")},
		{.name = "accepted", .title = TR("Offer accepted"), .series = "accepted", .number = true},
		{.name = "stayed", .title = TR("Closed or left alone"), .series = "dismissed", .number = true},
		{.name = "cancels", .title = TR("Cancellations"), .series = "cancels", .number = true}};
	static const char *const DEFINITIONS[] = {"sessions", "accepted", NULL};
	struct req *req = range->req;
	PGresult *rows;
	TRY(measure_read(lease, MEASURE_DAYS, &range->scope, &rows));
	int count = PQntuples(rows), step = days_a_bar(count), bars = (count + step - 1) / step;
	struct sheet *sheet = sheet_new(req, ENDED + 1, bars);
	sheet->id = "ended";
	sheet->title = tr(req, "How sessions ended");
	sheet->chart = SHEET_COLUMNS;
	sheet->definitions = DEFINITIONS;
	for (int column = 0; column <= ENDED; column++) {
		sheet->columns[column] = COLUMNS[column];
		sheet->columns[column].title = tr(req, COLUMNS[column].title);
	}
	for (int bar = bars - 1, end = count; bar >= 0; bar--, end -= step) {
		int first = end > step ? end - step : 0;
		int64_t sums[ENDED] = {0};
		for (int row = first; row < end; row++) {
			int64_t accepted = pg_number(rows, row, "accepted", 0);
			sums[ENDED_ACCEPTED] += accepted;
			sums[ENDED_STAYED] += pg_number(rows, row, "stayed", 0) - accepted;
			sums[ENDED_CANCELS] += pg_number(rows, row, "cancels", 0);
		}
		const char *day = pg_text(rows, first, "day");
		*sheet_at(sheet, bar, 0) = (struct sheet_cell){.text = page_day(req, day), .raw = day, .value = NAN};
		for (int ended = 0; ended < ENDED; ended++)
			*sheet_at(sheet, bar, ended + 1) = (struct sheet_cell){.text = page_number(req, sums[ended]), .value = (double)sums[ended]};
	}
	sheet_add(range, sheet, range_link(range, "/analytics/days.csv", RANGE_PARTS, NULL), sheets);
	return OK;
}

/* --- what waits, and the way there --- */

static enum err add_attention(const struct range *range, struct lease *lease, struct json_object *view)
{
	static const struct { const char *name, *text, *link; } WAITS[] = {
		{"manual", TR("Decisions for your team to carry out by hand"), "#manual"},
		{"pending", TR("Decisions that Stripe has not confirmed for ten minutes"), "#manual"},
		{"failing", TR("Invoices whose payment failed"), NULL}};
	struct req *req = range->req;
	struct json_object *attention = json_object_new_array();
	PGresult *row;
	TRY(pg_run(lease, &SQL_PAGES_OVERVIEW_ATTENTION, PARAMS(range->scope.org_id, pg_bool(range->scope.live)), &row));
	for (size_t i = 0; i < sizeof WAITS / sizeof *WAITS; i++) {
		int64_t count = pg_number(row, 0, WAITS[i].name, 0);
		if (!count)
			continue;
		struct json_object *item = json_object_new_object();
		page_text(item, "name", WAITS[i].name);
		page_text(item, "text", tr(req, WAITS[i].text));
		page_text(item, "count", page_number(req, count));
		page_text(item, "link", WAITS[i].link ? WAITS[i].link : arena_printf(&req->ctx.arena, "%s&mode=%s",
			pg_number(row, 0, "caseless", 0) ? "/subscriptions?view=attention&state=unpaid" : "/outreach/cases?state=open",
			range->scope.live ? "live" : "test"));
		json_object_array_add(attention, item);
	}
	json_object_object_add(view, "attention", attention);
	json_object_object_add(view, "any_attention", json_object_new_boolean(json_object_array_length(attention) > 0));
	return OK;
}

static enum err add_steps(const struct range *range, struct lease *lease, struct json_object *view)
{
	static const struct { const char *name, *text, *hint, *link; enum permission permission; } STEPS[] = {
		{"connected", TR("Connect Stripe"), TR("So that offers are applied, and what was really paid is known."), "/settings/stripe",
			PERMIT_CONNECTION_WRITE},
		{"published", TR("Publish a flow"), TR("What a customer is asked and offered. Four starter flows are there already."), "/flows",
			PERMIT_RETENTION_READ},
		{"keyed", TR("Make a key for the widget"), TR("It belongs to your site, and says which one."), "/keys", PERMIT_KEY_READ},
		{"embedded", TR("Embed the widget"), TR("One line in your page; the first click on Cancel is seen here."), "/keys", PERMIT_KEY_READ},
		{"accepted", TR("The first customer accepts an offer"), TR("From then on this page tells you what it is worth."), NULL, PERMIT_RETENTION_READ}};
	struct req *req = range->req;
	struct json_object *steps = json_object_new_array();
	bool complete = true, next = true;
	PGresult *row;
	TRY(pg_run(lease, &SQL_PAGES_OVERVIEW_STEPS, PARAMS(range->scope.org_id, pg_bool(range->scope.live)), &row));
	for (size_t i = 0; i < sizeof STEPS / sizeof *STEPS; i++) {
		bool done = pg_true(row, 0, STEPS[i].name);
		struct json_object *step = json_object_new_object();
		page_text(step, "name", STEPS[i].name);
		page_text(step, "text", tr(req, STEPS[i].text));
		page_text(step, "hint", tr(req, STEPS[i].hint));
		page_text(step, "link", STEPS[i].link && who_may(&req->who, STEPS[i].permission) ? STEPS[i].link : "");
		json_object_object_add(step, "done", json_object_new_boolean(done));
		json_object_object_add(step, "next", json_object_new_boolean(!done && next));
		next = next && done;
		complete = complete && done;
		json_object_array_add(steps, step);
	}
	json_object_object_add(view, "steps", steps);
	json_object_object_add(view, "any_steps", json_object_new_boolean(!complete));
	return OK;
}

/* --- rows --- */

/* Stripe's own words stay as they are. */
static const char *why(struct req *req, const char *reason)
{
	static const char REFUSED[] = "Stripe refused: ";
	if (reason && !strncmp(reason, REFUSED, sizeof REFUSED - 1))
		return arena_printf(&req->ctx.arena, "%s: %s", tr(req, "Stripe refused"), reason + sizeof REFUSED - 1);
	return reason ? page_word(req, reason) : "";
}

static struct json_object *decision_view(const struct range *range, const PGresult *rows, int row)
{
	struct req *req = range->req;
	struct json_object *decision = json_object_new_object();
	const char *outcome = pg_text(rows, row, "outcome");
	page_stamp(req, decision, "at", pg_text(rows, row, "at"));
	bool known = who_may(&req->who, PERMIT_CUSTOMER_TEXT);
	page_text(decision, "customer", known ? pg_text(rows, row, "customer_ref") : tr(req, "hidden"));
	page_text(decision, "customer_id", known ? pg_text(rows, row, "customer_id") : NULL);
	page_text(decision, "plan", pg_text(rows, row, "plan") ? pg_text(rows, row, "plan") : "");
	page_text(decision, "outcome", page_word(req, outcome));
	page_text(decision, "offer", !strcmp(outcome, "accepted") ? page_word(req, pg_text(rows, row, "offer_type")) : "");
	page_text(decision, "status_reason", why(req, pg_text(rows, row, "status_reason")));
	return decision;
}

static const char *waiting_link(const struct range *range, const char *cursor)
{
	struct buffer link = {0};
	buffer_printf(&link, "%s&behind=", range_link(range, "/", RANGE_PARTS, NULL));
	buffer_url(&link, cursor, strlen(cursor));
	buffer_text(&link, "#manual");
	const char *text = arena_memdup(&range->req->ctx.arena, link.data, link.length);
	buffer_free(&link);
	return text;
}

static enum err add_manual(const struct range *range, struct lease *lease, struct json_object *view)
{
	struct req *req = range->req;
	const char *behind = ((const struct overview_input *)req->input)->behind;
	struct json_object *manual = json_object_new_array();
	PGresult *rows;
	json_object_object_add(view, "manual", manual);
	TRY(pg_run(lease, &SQL_PAGES_OVERVIEW_MANUAL, PARAMS(range->scope.org_id, pg_bool(range->scope.live),
		behind ? behind : "infinity|" ID_LAST, pg_int(&req->ctx, WAITING_SHOWN + 1)), &rows));
	for (int row = 0; row < PQntuples(rows) && row < WAITING_SHOWN; row++) {
		struct json_object *decision = decision_view(range, rows, row);
		bool pending = !strcmp(pg_text(rows, row, "status"), "pending");
		page_text(decision, "id", pg_text(rows, row, "session_id"));
		json_object_object_add(decision, "is_manual", json_object_new_boolean(!pending));
		if (pending)
			page_text(decision, "status_reason", tr(req, "Stripe has not confirmed it yet"));
		json_object_array_add(manual, decision);
	}
	page_text(view, "manual_older", PQntuples(rows) <= WAITING_SHOWN ? NULL :
		waiting_link(range, pg_text(rows, WAITING_SHOWN - 1, "cursor")));
	page_text(view, "manual_newest", behind ? arena_printf(&req->ctx.arena, "%s#manual", range_link(range, "/", RANGE_PARTS, NULL)) : NULL);
	json_object_object_add(view, "any_manual", json_object_new_boolean(PQntuples(rows) > 0));
	return OK;
}

static enum err add_decisions(const struct range *range, struct lease *lease, struct json_object *view)
{
	struct req *req = range->req;
	struct json_object *decisions = json_object_new_array();
	PGresult *rows;
	TRY(run(lease, &SQL_PAGES_OVERVIEW_DECISIONS, range, &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		struct json_object *decision = decision_view(range, rows, row);
		const char *currency = pg_text(rows, row, "currency"), *reason = page_word(req, pg_text(rows, row, "reason_code"));
		int64_t saved = pg_number(rows, row, "saved_minor", 0);
		page_text(decision, "status", pg_text(rows, row, "status"));
		page_text(decision, "status_text", page_word(req, pg_text(rows, row, "status")));
		page_text(decision, "reason", reason ? reason : "–");
		page_text(decision, "worth", saved > 0 && currency ? page_money(req, saved, currency) : "–");
		json_object_array_add(decisions, decision);
	}
	json_object_object_add(view, "decisions", decisions);
	json_object_object_add(view, "any_decisions", json_object_new_boolean(PQntuples(rows) > 0));
	return OK;
}

#define SPARK_WIDTH 168 /* 14 days of 12 */
#define SPARK_HEIGHT 24

static struct json_object *spark(const char *counts, int64_t most)
{
	struct json_object *bars = json_object_new_array();
	char *end;
	for (int x = 0; *counts && x < SPARK_WIDTH; counts = end, x += 12) {
		int64_t count = strtoll(counts, &end, 10), height = most ? (SPARK_HEIGHT * count + most - 1) / most : 0;
		struct json_object *bar = json_object_new_object();
		json_object_object_add(bar, "x", json_object_new_int(x));
		json_object_object_add(bar, "y", json_object_new_int64(SPARK_HEIGHT - height));
		json_object_object_add(bar, "height", json_object_new_int64(height));
		json_object_array_add(bars, bar);
	}
	return bars;
}

static const char *event_meaning(const char *type)
{
	static const struct { const char *type, *meaning; } EVENTS[] = {
#define X(type, meaning, actions) {type, meaning},
		EVENT_LIST(X)
#undef X
	};
	for (size_t i = 0; i < sizeof EVENTS / sizeof *EVENTS; i++)
		if (!strcmp(EVENTS[i].type, type))
			return EVENTS[i].meaning;
	return type;
}

static enum err add_activity(const struct range *range, struct lease *lease, struct json_object *view)
{
	struct req *req = range->req;
	struct json_object *activity = json_object_new_array();
	PGresult *rows;
	TRY(pg_run(lease, &SQL_PAGES_OVERVIEW_ACTIVITY, PARAMS(range->scope.org_id, pg_bool(range->scope.live)), &rows));
	for (int row = 0; row < PQntuples(rows); row++) {
		const char *type = pg_text(rows, row, "type");
		struct json_object *item = json_object_new_object();
		page_text(item, "type", type);
		page_text(item, "meaning", tr(req, event_meaning(type)));
		page_text(item, "total", page_number(req, pg_number(rows, row, "total", 0)));
		page_text(item, "first", page_day(req, pg_text(rows, row, "first")));
		page_text(item, "last", page_day(req, pg_text(rows, row, "last")));
		page_text(item, "counts", pg_text(rows, row, "counts"));
		json_object_object_add(item, "bars", spark(pg_text(rows, row, "counts"), pg_number(rows, row, "most", 0)));
		json_object_array_add(activity, item);
	}
	json_object_object_add(view, "activity", activity);
	json_object_object_add(view, "any_activity", json_object_new_boolean(PQntuples(rows) > 0));
	return OK;
}

static enum err fill(struct range *range, struct lease *lease, struct json_object *view)
{
	struct json_object *sheets = json_object_new_array();
	json_object_object_add(view, "sheets", sheets);
	TRY(range_view(range, lease, view));
	TRY(add_figures(range, lease, view));
	TRY(add_days(range, lease, sheets));
	TRY(panel_add(range, lease, &PANEL_OFFERS, sheets));
	TRY(panel_add(range, lease, &PANEL_REASONS, sheets));
	TRY(add_attention(range, lease, view));
	TRY(add_steps(range, lease, view));
	TRY(add_manual(range, lease, view));
	TRY(add_decisions(range, lease, view));
	return add_activity(range, lease, view);
}

static enum err overview_page(struct req *req, struct rep *rep)
{
	const struct overview_input *in = req->input;
	struct json_object *view = page_view(req);
	struct range range;
	struct lease lease;
	enum err err = range_read(req, "/", &in->range, &range);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	page_text(view, "mode", range.values[RANGE_MODE]);
	page_text(view, "from", range.scope.from);
	page_text(view, "to", range.scope.to);
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = fill(&range, &lease, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "overview", "Overview", view);
}

static enum err hand_run(struct ctx *ctx, struct lease *lease, void *argument)
{
	return decision_hand(ctx, lease, argument);
}

static enum err decision_settle(struct req *req, struct rep *rep)
{
	const struct hand_input *in = req->input;
	struct audit by = audit_of(req, NULL, NULL, NULL);
	bool live = !in->mode || !strcmp(in->mode, "live");
	TRY(change_run(&req->ctx, req->house.pool, hand_run,
		&(struct hand){.by = &by, .session_id = in->id, .live = live, .done = !strcmp(in->done, "yes")}));
	return reply_redirect(req, rep, 303, live ? "/?mode=live#manual" : "/?mode=test#manual");
}

const struct route OVERVIEW_ROUTES[] = {
	{METHOD_GET, "/", ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_ANALYTICS, .input = OVERVIEW_INPUT,
		.input_size = sizeof(struct overview_input), .run = overview_page, .shape = REPLY_PAGE,
		.doc = "What was really kept, the save rate with its definition, what waits for somebody, and the last decisions"},
	{METHOD_POST, "/decisions/:id", ACCESS_PAGE, .permission = PERMIT_RETENTION_WRITE, .class = CLASS_PAGE, .input = HAND_INPUT,
		.input_size = sizeof(struct hand_input), .run = decision_settle, .shape = REPLY_NOTHING, .status = 303, .form = true,
		.doc = "Tells that a decision that waited for a person was carried out, or will not be"},
	ROUTE_END};
