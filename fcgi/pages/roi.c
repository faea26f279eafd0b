#include "pages/sheet.h"

#include "base/zone.h"
#include "text/money.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORECAST_DAYS 90
#define LEVEL .95
#define MONTHS 12
#define COST_MOST INT64_C(1000000000000) /* minor units */

struct roi_input {
	struct range_input range;
	const char *cost, *table;
};

#define COST_ROW INPUT(struct roi_input, cost, "cost", IN_QUERY, FIELD_TEXT, .least = 0, .most = 16, \
	.doc = "what retention costs a month, in the currency's own unit, such as 49.90")
static const struct field PAGE_INPUT[] = {RANGE_INPUT(struct roi_input, range), COST_ROW, FIELD_END};
static const struct field TABLE_INPUT[] = {
	INPUT(struct roi_input, table, "table", IN_PATH, FIELD_ENUM, .required = true, .choices = "trend.csv|forecast.csv", .doc = "the table"),
	RANGE_INPUT(struct roi_input, range), COST_ROW, FIELD_END};

struct roi {
	struct range range;
	struct lease *lease;
	const char *currency;  /* the one asked for, else that of most sessions; NULL: no money is known */
	const char *cost_text;
	int64_t cost_minor;    /* 0: not said */
	int64_t paid_minor, saved_minor, users;
};

/* "1234.5" and "1234,5" with at most `digits` decimals, in minor units; -1: neither. */
static int64_t cost_read(const char *text, int digits)
{
	int64_t minor = 0;
	int decimals = -1, figures = 0;
	for (; *text; text++) {
		if ((*text == '.' || *text == ',') && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || minor > COST_MOST || decimals == digits)
			return -1;
		minor = 10 * minor + (*text - '0');
		decimals += decimals >= 0;
		figures++;
	}
	for (int i = decimals < 0 ? 0 : decimals; i < digits; i++)
		minor *= 10;
	return figures && minor <= COST_MOST ? minor : -1;
}

/* --- calculator --- */

static enum err money_find(struct roi *roi)
{
	PGresult *rows;
	TRY(measure_read(roi->lease, MEASURE_MONEY, &roi->range.scope, &rows));
	if (!PQntuples(rows))
		return OK;
	roi->currency = pg_text(rows, 0, "currency");
	roi->paid_minor = pg_number(rows, 0, "kept_net_minor", 0);
	roi->saved_minor = pg_number(rows, 0, "saved_minor", 0);
	roi->users = pg_number(rows, 0, "users_saved", 0);
	return OK;
}

static enum err cost_take(struct roi *roi)
{
	struct req *req = roi->range.req;
	if (!roi->cost_text || !roi->currency)
		return OK;
	roi->cost_minor = cost_read(roi->cost_text, money_digits(roi->currency));
	if (roi->cost_minor > 0)
		return OK;
	roi->cost_minor = 0;
	return fail_field(&req->ctx, ERR_INVALID, "cost", "A cost is a number above 0, such as 49.90");
}

static const char *decimal_text(struct req *req, double number, const char *unit)
{
	return arena_printf(&req->ctx.arena, "%s %s", page_decimal(req, number, 1), unit);
}

static void line_add(struct req *req, struct json_object *lines, const char *name, const char *title, const char *paid, const char *estimate)
{
	struct json_object *line = json_object_new_object();
	const char *meaning = measure_definition(name, req_language(req));
	page_text(line, "id", name);
	page_text(line, "title", title);
	page_text(line, "meaning", meaning ? meaning : "");
	page_text(line, "paid", paid);
	page_text(line, "estimate", estimate);
	json_object_array_add(lines, line);
}

static const char *user_cost(struct req *req, const struct measure_roi *result, const char *currency)
{
	return result->cost_per_user_minor < 0 ? "–" : page_money(req, result->cost_per_user_minor, currency);
}

static const char *break_even(struct req *req, const struct measure_roi *result)
{
	return result->break_even_days < 0 ? tr(req, "never") : page_number(req, result->break_even_days);
}

static void add_calculator(const struct roi *roi, struct json_object *view)
{
	struct req *req = roi->range.req;
	struct json_object *lines = json_object_new_array();
	struct measure_roi paid, estimate;
	int days = roi->range.days;
	json_object_object_add(view, "lines", lines);
	if (!measure_roi(roi->paid_minor, days, roi->cost_minor, roi->users, &paid) || !measure_roi(roi->saved_minor, days, roi->cost_minor, roi->users, &estimate))
		return;
	line_add(req, lines, "revenue", tr(req, "Revenue of the period"), page_money(req, roi->paid_minor, roi->currency),
		page_money(req, roi->saved_minor, roi->currency));
	line_add(req, lines, "monthly_percent", tr(req, "Return a month"), decimal_text(req, paid.monthly_percent, "%"),
		decimal_text(req, estimate.monthly_percent, "%"));
	line_add(req, lines, "multiplier", tr(req, "Multiplier"), decimal_text(req, paid.multiplier, "×"), decimal_text(req, estimate.multiplier, "×"));
	line_add(req, lines, "cost_per_user_minor", tr(req, "Cost for a customer saved"), user_cost(req, &paid, roi->currency),
		user_cost(req, &estimate, roi->currency));
	line_add(req, lines, "break_even_days", tr(req, "Days to break even"), break_even(req, &paid), break_even(req, &estimate));
}

/* --- months --- */

static const char *month_days(struct req *req, const char *day, int *days_out)
{
	int year = 0, month = 1;
	(void)sscanf(day, "%4d-%2d", &year, &month);
	*days_out = date_month_length(year, month);
	return arena_printf(&req->ctx.arena, "%.7s", day);
}

/* The last month is as long as its days so far. */
static enum err trend_make(const struct roi *roi, struct sheet **sheet_out)
{
	static const struct panel YEAR = {.year = true};
	static const char *const DEFINITIONS[] = {"monthly_percent", "kept_net_minor", "saved_minor", NULL};
	struct req *req = roi->range.req;
	struct measure_scope scope = panel_scope(&roi->range, &YEAR);
	PGresult *rows;
	scope.currency = roi->currency;
	TRY(measure_read(roi->lease, MEASURE_REVENUE, &scope, &rows));
	int count = PQntuples(rows), months = 0, digits = money_digits(roi->currency);
	struct sheet *sheet = sheet_new(req, 4, count ? MONTHS : 0);
	sheet->id = "trend";
	sheet->title = tr(req, "Month by month");
	sheet->note = tr(req, "Of the twelve months up to the last day.");
	sheet->chart = SHEET_LINES;
	sheet->definitions = DEFINITIONS;
	sheet->columns[0] = (struct sheet_column){.name = "month", .title = tr(req, "Month")};
	sheet->columns[1] = (struct sheet_column){.name = "kept_net_minor", .title = tr(req, "Really paid after accepted offers"), .series = "accepted",
		.number = true, .digits = digits};
	sheet->columns[2] = (struct sheet_column){.name = "saved_minor", .title = tr(req, "Estimate a month"), .series = "expected", .number = true, .digits = digits};
	sheet->columns[3] = (struct sheet_column){.name = "monthly_percent", .title = tr(req, "Return a month"), .number = true};
	for (int first = 0; first < count && months < MONTHS; months++) {
		int end = first, length;
		int64_t paid = 0, saved = 0;
		struct measure_roi result;
		const char *day = pg_text(rows, first, "day"), *month = month_days(req, day, &length);
		for (; end < count && !strncmp(pg_text(rows, end, "day"), month, 7); end++) {
			paid += pg_number(rows, end, "kept_net_minor", 0);
			saved += pg_number(rows, end, "saved_minor", 0);
		}
		*sheet_at(sheet, months, 0) = (struct sheet_cell){.text = month, .raw = day, .value = NAN};
		*sheet_at(sheet, months, 1) = (struct sheet_cell){.text = page_money(req, paid, roi->currency), .value = (double)paid};
		*sheet_at(sheet, months, 2) = (struct sheet_cell){.text = page_money(req, saved, roi->currency), .value = (double)saved};
		if (measure_roi(paid, end - first, roi->cost_minor, 0, &result))
			*sheet_at(sheet, months, 3) = (struct sheet_cell){.text = decimal_text(req, result.monthly_percent, "%"), .value = result.monthly_percent};
		first = end;
	}
	sheet->rows = months;
	*sheet_out = sheet;
	return OK;
}

/* --- forecast --- */

static struct sheet_cell amount(const struct roi *roi, double minor)
{
	return (struct sheet_cell){.text = page_money(roi->range.req, llround(minor), roi->currency), .value = (double)llround(minor)};
}

static const char *day_after(struct req *req, const char *day, int days)
{
	int year = 0, month = 1, date = 1;
	int64_t then_year;
	(void)sscanf(day, "%4d-%2d-%2d", &year, &month, &date);
	date_of(date_days(year, month, date) + days, &then_year, &month, &date);
	return arena_printf(&req->ctx.arena, "%04lld-%02d-%02d", (long long)then_year, month, date);
}

static void forecast_columns(const struct roi *roi, struct sheet *sheet)
{
	struct req *req = roi->range.req;
	const struct sheet_column columns[] = {{.name = "day", .title = tr(req, "Day")},
		{.name = "saved_minor", .title = tr(req, "Estimate a month"), .series = "accepted"},
		{.name = "low_minor", .title = tr(req, "At least"), .series = "low"}, {.name = "high_minor", .title = tr(req, "At most"), .series = "high"},
		{.name = "expected_minor", .title = tr(req, "Expected"), .series = "expected"}};
	for (int i = 0; i < 5; i++) {
		sheet->columns[i] = columns[i];
		sheet->columns[i].number = i > 0;
		sheet->columns[i].digits = i ? money_digits(roi->currency) : 0;
	}
}

/* The estimate is drawn on: what the newest sessions will really have paid is not known yet, so that line would always fall at its end. */
static enum err forecast_make(const struct roi *roi, struct sheet **sheet_out)
{
	static const char *const DEFINITIONS[] = {"forecast", "saved_minor", NULL};
	struct req *req = roi->range.req;
	struct measure_scope scope = roi->range.scope;
	struct measure_line line;
	struct measure_point points[FORECAST_DAYS], total;
	PGresult *rows;
	scope.currency = roi->currency;
	TRY(measure_read(roi->lease, MEASURE_REVENUE, &scope, &rows));
	int count = PQntuples(rows);
	double *values = arena_array(&req->ctx.arena, (size_t)count + 1, sizeof *values);
	for (int row = 0; row < count; row++)
		values[row] = (double)pg_number(rows, row, "saved_minor", 0);
	bool known = measure_forecast(values, count, FORECAST_DAYS, LEVEL, &line, points, &total);
	struct sheet *sheet = sheet_new(req, 5, known ? count + FORECAST_DAYS : 0);
	sheet->id = "forecast";
	sheet->title = tr(req, "The next 90 days");
	sheet->chart = SHEET_LINES;
	sheet->definitions = DEFINITIONS;
	sheet->note = known ? arena_printf(&req->ctx.arena, tr(req, "All 90 days together: %s, with 95 %% probability between %s and %s."),
		amount(roi, total.value).text, amount(roi, total.low).text, amount(roi, total.high).text) : tr(req, "It takes three days with money to draw a line.");
	forecast_columns(roi, sheet);
	for (int row = 0; row < sheet->rows; row++) {
		const char *day = day_after(req, scope.from, row);
		*sheet_at(sheet, row, 0) = (struct sheet_cell){.text = page_day(req, day), .raw = day, .value = NAN};
		if (row < count) {
			*sheet_at(sheet, row, 1) = amount(roi, values[row]);
			continue;
		}
		const struct measure_point *point = &points[row - count];
		*sheet_at(sheet, row, 2) = amount(roi, point->low);
		*sheet_at(sheet, row, 3) = amount(roi, point->high);
		*sheet_at(sheet, row, 4) = amount(roi, point->value);
	}
	*sheet_out = sheet;
	return OK;
}

/* --- page and files --- */

static enum err roi_read(struct req *req, struct roi *roi)
{
	const struct roi_input *in = req->input;
	*roi = (struct roi){.cost_text = in->cost && *in->cost ? in->cost : NULL};
	enum err err = range_read(req, "/roi", &in->range, &roi->range);
	if (roi->cost_text) {
		struct buffer more = {0};
		buffer_text(&more, "&cost=");
		buffer_url(&more, roi->cost_text, strlen(roi->cost_text));
		roi->range.more = arena_memdup(&req->ctx.arena, more.data, more.length);
		buffer_free(&more);
	}
	return err;
}

static void cost_keep(const struct roi *roi, struct json_object *view)
{
	struct json_object *own = json_object_new_array(), *cost = json_object_new_object(), *range = json_object_object_get(view, "range");
	if (roi->cost_text) {
		page_text(cost, "name", "cost");
		page_text(cost, "value", roi->cost_text);
		json_object_array_add(own, cost);
	} else {
		json_object_put(cost);
	}
	json_object_object_add(range, "own", own);
}

static enum err fill(struct roi *roi, struct rep *rep, struct json_object *view)
{
	struct req *req = roi->range.req;
	struct json_object *sheets = json_object_new_array();
	struct sheet *sheet;
	json_object_object_add(view, "sheets", sheets);
	TRY(range_view(&roi->range, roi->lease, view));
	cost_keep(roi, view);
	TRY(money_find(roi));
	enum err err = cost_take(roi);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	page_text(view, "cost", roi->cost_text ? roi->cost_text : "");
	json_object_object_add(view, "costed", json_object_new_boolean(roi->cost_minor > 0));
	json_object_object_add(view, "known", json_object_new_boolean(roi->currency != NULL));
	if (!roi->currency)
		return OK;
	page_text(view, "currency", currency_code(req, roi->currency));
	page_text(view, "users", page_number(req, roi->users));
	add_calculator(roi, view);
	TRY(trend_make(roi, &sheet));
	sheet_add(&roi->range, sheet, range_link(&roi->range, "/roi/trend.csv", RANGE_PARTS, NULL), sheets);
	TRY(forecast_make(roi, &sheet));
	sheet_add(&roi->range, sheet, range_link(&roi->range, "/roi/forecast.csv", RANGE_PARTS, NULL), sheets);
	return OK;
}

static enum err roi_page(struct req *req, struct rep *rep)
{
	struct json_object *view = page_view(req);
	struct roi roi;
	struct lease lease;
	enum err err = roi_read(req, &roi);
	if (err != OK)
		TRY(page_fault(req, rep, err, view));
	page_text(view, "plots_js", asset_path("charts.js"));
	page_text(view, "plots_css", asset_path("charts.css"));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	roi.lease = &lease;
	err = fill(&roi, rep, view);
	lease_return(&lease);
	TRY(err);
	return page_show(req, rep, "roi", "ROI", view);
}

static enum err table_make(struct roi *roi, const char *table, struct sheet **sheet_out)
{
	TRY(money_find(roi));
	TRY(cost_take(roi));
	if (!roi->currency)
		return fail(&roi->range.req->ctx, ERR_NOT_FOUND, "No money is known in these days");
	return !strcmp(table, "trend.csv") ? trend_make(roi, sheet_out) : forecast_make(roi, sheet_out);
}

static enum err roi_table(struct req *req, struct rep *rep)
{
	const struct roi_input *in = req->input;
	struct sheet *sheet;
	struct lease lease;
	struct roi roi;
	TRY(roi_read(req, &roi));
	TRY(lease_take(&req->ctx, req->house.pool, &lease));
	roi.lease = &lease;
	enum err err = table_make(&roi, in->table, &sheet);
	lease_return(&lease);
	TRY(err);
	reply_file(req, rep, arena_printf(&req->ctx.arena, "%s-%s-%s.csv", sheet->id, roi.range.scope.from, roi.range.scope.to));
	sheet_csv(sheet, &rep->body);
	return OK;
}

static const struct rate_limit FILE_LIMIT = {60, 60, 0};

#define READS ACCESS_PAGE, .permission = PERMIT_RETENTION_READ, .class = CLASS_ANALYTICS
#define TAKES(fields) .input = (fields), .input_size = sizeof(struct roi_input)

const struct route ROI_ROUTES[] = {
	{METHOD_GET, "/roi", READS, TAKES(PAGE_INPUT), .run = roi_page, .shape = REPLY_PAGE,
		.doc = "What retention brings for its cost, month by month, and a forecast of 90 days with its limits"},
	{METHOD_GET, "/roi/:table", READS, TAKES(TABLE_INPUT), .run = roi_table, .shape = REPLY_PLAIN, .media = "text/csv", .limit = &FILE_LIMIT,
		.doc = "The months or the forecast as CSV"},
	ROUTE_END};
