#include "pages/sheet.h"

#include "pages/words.h"
#include "web/budget.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

struct analytics_input {
	struct range_input range;
	const char *table;
};

static const struct field PAGE_INPUT[] = {RANGE_INPUT(struct analytics_input, range), FIELD_END};
static const struct field TABLE_INPUT[] = {
	INPUT(struct analytics_input, table, "table", IN_PATH, FIELD_TEXT, .required = true, .most = 40,
		.doc = "the table: days.csv, revenue.csv, sessions.csv, …"),
	RANGE_INPUT(struct analytics_input, range), FIELD_END};

#define ID_FIRST "00000000-0000-0000-0000-000000000000"
#define DEFINED(...) (const char *const[]){__VA_ARGS__, NULL}

static const struct column DAYS[] = {{"day", TR("Day"), COLUMN_DAY}, {"sessions", TR("Sessions"), COLUMN_COUNT, "plain"},
	{"accepted", TR("Offers accepted"), COLUMN_COUNT, "accepted"}, {"cancels", TR("Cancellations"), COLUMN_COUNT, "cancels"},
	{"stayed", TR("Stayed"), COLUMN_COUNT}, {"users_saved", TR("Customers saved"), COLUMN_COUNT}, {"accept_rate", TR("Accept rate"), COLUMN_PERCENT},
	{NULL}};
static const struct column REVENUE[] = {{"day", TR("Day"), COLUMN_DAY}, {"kept_net_minor", TR("Really paid after accepted offers"), COLUMN_MONEY, "accepted"},
	{"net_minor", TR("Really paid after all sessions"), COLUMN_MONEY, "plain"}, {"saved_minor", TR("Estimate a month"), COLUMN_MONEY, "expected"}, {NULL}};
static const struct column FUNNEL[] = {{"stage", TR("Stage"), COLUMN_WORD}, {"sessions", TR("Sessions"), COLUMN_COUNT, "plain"},
	{"percent", TR("Of all sessions"), COLUMN_PERCENT}, {NULL}};
static const struct column STEPS[] = {{"step_type", TR("Step"), COLUMN_WORD}, {"shown", TR("Shown"), COLUMN_COUNT, "plain"},
	{"accepted", TR("Accepted"), COLUMN_COUNT}, {"declined", TR("Declined"), COLUMN_COUNT}, {"skipped", TR("Skipped"), COLUMN_COUNT},
	{"answered", TR("Answered"), COLUMN_COUNT}, {"percent", TR("Of all sessions"), COLUMN_PERCENT}, {NULL}};
static const struct column OFFERS[] = {{"offer_type", TR("Offer"), COLUMN_WORD}, {"shown", TR("Shown"), COLUMN_COUNT, "plain"},
	{"accepted", TR("Accepted"), COLUMN_COUNT, "accepted"}, {"acceptance", TR("Acceptance"), COLUMN_PERCENT}, {"saved", TR("Saved"), COLUMN_COUNT},
	{"lost", TR("Lost"), COLUMN_COUNT}, {"saved_minor", TR("Estimate a month"), COLUMN_MONEYS},
	{"net_minor", TR("Really paid"), COLUMN_MONEYS}, {NULL}};
static const struct column SEGMENT_OFFERS[] = {{"segment", TR("Segment"), COLUMN_WORD}, {"offer_type", TR("Offer"), COLUMN_WORD},
	{"shown", TR("Shown"), COLUMN_COUNT}, {"accepted", TR("Accepted"), COLUMN_COUNT}, {"acceptance", TR("Acceptance"), COLUMN_PERCENT, NULL, true}, {NULL}};
static const struct column REASONS[] = {{"reason_code", TR("Reason"), COLUMN_WORD}, {"sessions", TR("Sessions"), COLUMN_COUNT, "plain"},
	{"percent", TR("Share"), COLUMN_PERCENT}, {"accepted", TR("Offers accepted"), COLUMN_COUNT}, {"cancels", TR("Cancellations"), COLUMN_COUNT}, {NULL}};
static const struct column COHORTS[] = {{"month", TR("Month"), COLUMN_WORD}, {"sessions", TR("Sessions"), COLUMN_COUNT}, {"accepted", TR("Accepted"), COLUMN_COUNT},
	{"accept_rate", TR("Accept rate"), COLUMN_PERCENT}, {"save_rate", TR("Save rate"), COLUMN_PERCENT, NULL, true}, {"known", TR("Followed"), COLUMN_COUNT},
	{"after4", TR("4 weeks"), COLUMN_PERCENT, NULL, true}, {"after8", TR("8 weeks"), COLUMN_PERCENT, NULL, true},
	{"after13", TR("13 weeks"), COLUMN_PERCENT, NULL, true}, {"after26", TR("26 weeks"), COLUMN_PERCENT, NULL, true},
	{"after52", TR("52 weeks"), COLUMN_PERCENT, NULL, true}, {NULL}};
static const struct column BREAKDOWN[] = {{"dimension", TR("Dimension"), COLUMN_WORD}, {"value", TR("Value"), COLUMN_LABEL}, {"sessions", TR("Sessions"), COLUMN_COUNT},
	{"accepted", TR("Accepted"), COLUMN_COUNT}, {"accept_rate", TR("Accept rate"), COLUMN_PERCENT}, {"save_rate", TR("Save rate"), COLUMN_PERCENT},
	{"cancels", TR("Cancellations"), COLUMN_COUNT}, {"saved_minor", TR("Estimate a month"), COLUMN_MONEYS}, {"net_minor", TR("Really paid"), COLUMN_MONEYS},
	{NULL}};
static const struct column MONEY[] = {{"currency", TR("Currency"), COLUMN_CURRENCY}, {"sessions", TR("Sessions"), COLUMN_COUNT},
	{"users_saved", TR("Customers saved"), COLUMN_COUNT}, {"saved_minor", TR("Estimate a month"), COLUMN_MONEY},
	{"per_user_minor", TR("Estimate for a customer"), COLUMN_MONEY}, {"paid_minor", TR("Paid"), COLUMN_MONEY}, {"refunded_minor", TR("Refunded"), COLUMN_MONEY},
	{"net_minor", TR("Really paid"), COLUMN_MONEY}, {"kept_net_minor", TR("Really paid after accepted offers"), COLUMN_MONEY}, {NULL}};

const struct panel PANEL_OFFERS = {"offers", TR("Offers"), NULL, MEASURE_OFFERS, SHEET_METERS, DEFINED("acceptance", "saved", "lost"), OFFERS};
const struct panel PANEL_REASONS = {"reasons", TR("Reasons given"), NULL, MEASURE_REASONS, SHEET_METERS, DEFINED("reason_share"), REASONS};
static const struct panel
	PANEL_DAYS = {"days", TR("Sessions and saves"), NULL, MEASURE_DAYS, SHEET_LINES,
		DEFINED("sessions", "accepted", "cancels", "stayed", "users_saved", "accept_rate"), DAYS},
	PANEL_REVENUE = {"revenue", TR("Revenue"), NULL, MEASURE_REVENUE, SHEET_LINES, DEFINED("kept_net_minor", "net_minor", "saved_minor"), REVENUE,
		"currency"},
	PANEL_FUNNEL = {"funnel", TR("From the click to the save"), NULL, MEASURE_FUNNEL, SHEET_FUNNEL, DEFINED("standing", "saved"), FUNNEL},
	PANEL_STEPS = {"steps", TR("Steps"), NULL, MEASURE_STEPS, SHEET_METERS, DEFINED("shown"), STEPS},
	PANEL_SEGMENTS = {"segments", TR("Offers by segment"), NULL, MEASURE_SEGMENT_OFFERS, SHEET_TABLE, DEFINED("acceptance"), SEGMENT_OFFERS},
	PANEL_COHORTS = {"cohorts", TR("Months compared"), TR("Of the twelve months up to the last day."), MEASURE_COHORTS, SHEET_TABLE,
		DEFINED("cohort", "save_rate"), COHORTS, NULL, true},
	PANEL_BREAKDOWN = {"breakdown", TR("Flows, segments, plans and languages"), TR("Filters do not count here."), MEASURE_BREAKDOWN,
		SHEET_TABLE,
		DEFINED("accept_rate", "save_rate"), BREAKDOWN},
	PANEL_MONEY = {"money", TR("Money by currency"), NULL, MEASURE_MONEY, SHEET_TABLE, DEFINED("per_user_minor", "paid_minor", "refunded_minor", "net_minor"), MONEY};
static const struct panel *const PANELS[] = {&PANEL_DAYS, &PANEL_REVENUE, &PANEL_FUNNEL, &PANEL_STEPS, &PANEL_OFFERS, &PANEL_SEGMENTS, &PANEL_REASONS,
	&PANEL_COHORTS, &PANEL_BREAKDOWN, &PANEL_MONEY};
#define PANEL_COUNT (sizeof PANELS / sizeof *PANELS)

static const struct panel RETENTION = {"retention", TR("Who stays, by what happened in the dialog"), TR("Of the twelve months up to the last day. Filters do not count here."),
	MEASURE_RETENTION, SHEET_LINES, DEFINED("survival"), NULL, NULL, true};

#define KINDS_MOST 9
#define WEEKS 53

static int kind_at(const char *const *kinds, int count, const char *kind)
{
	int at = 0;
	while (at < count && strcmp(kinds[at], kind))
		at++;
	return at;
}

/* A line a kind over the weeks: rows become columns. */
static enum err retention_add(const struct range *range, struct lease *lease, struct json_object *sheets)
{
	static const char *const SERIES[KINDS_MOST] = {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine"};
	struct req *req = range->req;
	struct measure_scope scope = panel_scope(range, &RETENTION);
	const char *kinds[KINDS_MOST];
	int count = 0;
	PGresult *rows;
	TRY(measure_read(lease, RETENTION.figure, &scope, &rows));
	for (int row = 0; row < PQntuples(rows); row++)
		if (kind_at(kinds, count, pg_text(rows, row, "kind")) == count && count < KINDS_MOST)
			kinds[count++] = pg_text(rows, row, "kind");
	struct sheet *sheet = sheet_new(req, count + 1, count ? WEEKS : 0);
	sheet->id = RETENTION.id;
	sheet->title = tr(req, RETENTION.title);
	sheet->note = tr(req, RETENTION.note);
	sheet->chart = RETENTION.chart;
	sheet->definitions = RETENTION.definitions;
	sheet->by_number = true;
	sheet->columns[0] = (struct sheet_column){.name = "week", .title = tr(req, "Week")};
	for (int i = 0; i < count; i++)
		sheet->columns[i + 1] = (struct sheet_column){.name = kinds[i], .title = page_word(req, kinds[i]), .series = SERIES[i], .number = true};
	for (int week = 0; week < sheet->rows; week++)
		*sheet_at(sheet, week, 0) = (struct sheet_cell){.text = page_number(req, week), .value = week};
	for (int row = 0; row < PQntuples(rows); row++) {
		int kind = kind_at(kinds, count, pg_text(rows, row, "kind")), week = (int)pg_number(rows, row, "week", 0);
		const char *survival = pg_text(rows, row, "survival");
		if (kind == count || week >= WEEKS || !survival)
			continue;
		double value = strtod(survival, NULL);
		*sheet_at(sheet, week, kind + 1) = (struct sheet_cell){.text = arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, value, 1)), .value = value};
	}
	sheet_add(range, sheet, range_link(range, "/analytics/retention.csv", RANGE_PARTS, NULL), sheets);
	return OK;
}

/* --- the period and the one before it --- */

static const struct { const char *name, *title; bool rate, money; } COMPARED[] = {
	{"sessions", TR("Sessions"), false, false}, {"accepted", TR("Offers accepted"), false, false}, {"accept_rate", TR("Accept rate"), true, false},
	{"stay_rate", TR("Stay rate"), true, false}, {"saved", TR("Saved"), false, false}, {"deflected", TR("Deflected"), false, false},
	{"lost", TR("Lost"), false, false}, {"save_rate", TR("Save rate"), true, false}, {"users_saved", TR("Customers saved"), false, false},
	{"saved_minor", TR("Estimate a month"), false, true}, {"kept_net_minor", TR("Really paid after accepted offers"), false, true}};
#define COMPARED_COUNT ((int)(sizeof COMPARED / sizeof *COMPARED))

static struct json_object *compared_cell(struct req *req, const PGresult *row, int figure)
{
	const char *text = pg_text(row, 0, COMPARED[figure].name);
	if (COMPARED[figure].money)
		return moneys_view(req, text);
	struct json_object *texts = json_object_new_array();
	const char *said = !text ? "–" : COMPARED[figure].rate ? arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, strtod(text, NULL), 1)) :
		page_number(req, strtoll(text, NULL, 10));
	json_object_array_add(texts, json_object_new_string(said));
	return texts;
}

static enum err compare_add(const struct range *range, struct lease *lease, struct json_object *view)
{
	struct req *req = range->req;
	struct json_object *own = json_object_new_object(), *lines = json_object_new_array();
	PGresult *now, *before;
	TRY(measure_read(lease, MEASURE_SUMMARY, &range->scope, &now));
	TRY(measure_read(lease, MEASURE_SUMMARY, &range->before, &before));
	for (int i = 0; i < COMPARED_COUNT; i++) {
		struct json_object *line = json_object_new_object();
		page_text(line, "title", tr(req, COMPARED[i].title));
		page_text(line, "definition", measure_definition(COMPARED[i].name, req_language(req)));
		json_object_object_add(line, "now", compared_cell(req, now, i));
		json_object_object_add(line, "before", compared_cell(req, before, i));
		json_object_array_add(lines, line);
	}
	page_text(own, "first", page_day(req, range->before.from));
	page_text(own, "last", page_day(req, range->before.to));
	page_text(own, "csv", range_link(range, "/analytics/summary.csv", RANGE_PARTS, NULL));
	json_object_object_add(own, "lines", lines);
	json_object_object_add(view, "compared", own);
	return OK;
}

static void add_files(const struct range *range, struct json_object *view)
{
	static const struct { const char *path, *label; } FILES[] = {{"/analytics/sessions.csv", TR("Sessions")}, {"/analytics/decisions.csv", TR("Decisions")},
		{"/analytics/customers.csv", TR("Customers")}, {"/analytics/subscriptions.csv", TR("Subscriptions")}};
	struct json_object *files = json_object_new_array();
	for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
		struct json_object *file = json_object_new_object();
		page_text(file, "link", range_link(range, FILES[i].path, RANGE_PARTS, NULL));
		page_text(file, "label", tr(range->req, FILES[i].label));
		json_object_array_add(files, file);
	}
	json_object_object_add(view, "files", files);
}

static enum err fill(struct range *range, struct lease *lease, struct json_object *view)
{
	struct json_object *sheets = json_object_new_array();
	json_object_object_add(view, "sheets", sheets);
	TRY(range_view(range, lease, view));
	add_files(range, view);
	if (range->compare)
		TRY(compare_add(range, lease, view));
	for (size_t i = 0; i < PANEL_COUNT; i++) {
		TRY(panel_add(range, lease, PANELS[i], sheets));
		if (PANELS[i] == &PANEL_COHORTS)
			TRY(retention_add(range, lease, sheets));
	}
	return OK;
}

static enum err analytics_page(struct req *req, struct rep *rep)
{
	const struct analytics_input *in = req->input;
	struct json_object *view = page_view(req);
	struct range range;
	struct lease lease;
	enum err err = range_read(req, "/analytics", &in->range, &range);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	page_text(view, "plots_js", asset_path("charts.js"));
	page_text(view, "plots_css", asset_path("charts.css"));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	err = fill(&range, &lease, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "analytics", "Analytics", view);
}

/* --- CSV --- */

static const char *file_name(const struct range *range, const char *table)
{
	return arena_printf(&range->req->ctx.arena, "%.*s-%s-%s%s.csv", (int)strcspn(table, "."), table, range->scope.from, range->scope.to,
		range->scope.live ? "" : "-test");
}

/* Sums a day, a type, a week: as many rows as those, whatever the number of sessions. */
static enum err figure_file(const struct range *range, struct rep *rep, enum measure_figure figure, const struct measure_scope *scope,
	const char *table)
{
	struct req *req = range->req;
	PGresult *rows;
	TRY(pg_query(&req->ctx, req->house.pool, measure_statement(figure), measure_params(&req->ctx, scope), &rows));
	reply_file(req, rep, file_name(range, table));
	rows_csv_head(&rep->body, rows);
	for (int row = 0; row < PQntuples(rows); row++)
		rows_csv(&rep->body, rows, row);
	return OK;
}

/* As many rows as there are. */
static enum err list_file(const struct range *range, struct rep *rep, const char *table, bool *found_out)
{
	struct req *req = range->req;
	const struct measure_scope *scope = &range->scope;
	const char *names = pg_bool(who_may(&req->who, PERMIT_CUSTOMER_TEXT)), *live = pg_bool(scope->live);
	const char *const timed[] = {scope->org_id, live, scope->from, scope->to, scope->flow, scope->segment, scope->plan, scope->language,
		scope->currency, names, ID_FIRST, NULL, pg_bool(!strcmp(table, "feedback.csv"))};
	const char *const whole[] = {scope->org_id, live, names, ID_FIRST, NULL}, *const refs[] = {scope->org_id, live, names, "", NULL};
	const struct { const char *table; const struct statement *statement; const char *const *params; int cursor; } LISTS[] = {
		{"sessions.csv", &SQL_PAGES_EXPORT_SESSIONS, timed, 11}, {"decisions.csv", &SQL_PAGES_EXPORT_DECISIONS, timed, 11},
		{"feedback.csv", &SQL_PAGES_EXPORT_DECISIONS, timed, 11}, {"customers.csv", &SQL_PAGES_EXPORT_CUSTOMERS, whole, 4},
		{"subscriptions.csv", &SQL_PAGES_EXPORT_SUBSCRIPTIONS, refs, 4}};
	for (size_t i = 0; i < sizeof LISTS / sizeof *LISTS; i++)
		if (!strcmp(table, LISTS[i].table)) {
			*found_out = true;
			return reply_csv(req, rep, &(struct csv_rows){file_name(range, table), LISTS[i].statement, LISTS[i].params, LISTS[i].cursor,
				LISTS[i].cursor + 1});
		}
	*found_out = false;
	return OK;
}

static enum err analytics_table(struct req *req, struct rep *rep)
{
	const struct analytics_input *in = req->input;
	const char *table = in->table;
	struct range range;
	bool found;
	TRY(range_read(req, "/analytics", &in->range, &range));
	TRY(list_file(&range, rep, table, &found));
	if (found)
		return OK;
	if (!strcmp(table, "summary.csv"))
		return figure_file(&range, rep, MEASURE_SUMMARY, &range.scope, table);
	for (size_t i = 0; i <= PANEL_COUNT; i++) {
		const struct panel *panel = i < PANEL_COUNT ? PANELS[i] : &RETENTION;
		size_t length = strlen(panel->id);
		if (strncmp(table, panel->id, length) || strcmp(table + length, ".csv"))
			continue;
		struct measure_scope scope = panel_scope(&range, panel);
		return figure_file(&range, rep, panel->figure, &scope, table);
	}
	return fail(&req->ctx, ERR_NOT_FOUND, "There is no such table");
}

static const struct rate_limit FILE_LIMIT = {60, 60, 0};

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct analytics_input)

static const struct budget ANALYTICS_BUDGET = {.most = {[BUDGET_QUERIES] = 18},
	.why = "eight tables and charts, each of two spans of time, which the cache keeps for a while"};

const struct route ANALYTICS_ROUTES[] = {
	{METHOD_GET, "/analytics", READS, .class = CLASS_ANALYTICS, TAKES(PAGE_INPUT), .run = analytics_page, .shape = REPLY_PAGE,
		.budget = &ANALYTICS_BUDGET, .doc = "Sessions, saves and revenue over time, offers, reasons, steps, cohorts and retention, by the days and filters of the URL"},
	{METHOD_GET, "/analytics/:table", READS, .class = CLASS_ANALYTICS, TAKES(TABLE_INPUT), .run = analytics_table, .shape = REPLY_PLAIN,
		.media = "text/csv", .limit = &FILE_LIMIT, .doc = "A table of the pages as CSV, however long: figures, sessions, decisions, customers, subscriptions"},
	ROUTE_END};
