#include "pages/sheet.h"

#include "base/zone.h"
#include "pages/chart.h"
#include "pages/words.h"
#include "text/money.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIES_MOST 12
#define HEATS 6

struct sheet *sheet_new(struct req *req, int column_count, int rows)
{
	struct sheet *sheet = arena_alloc(&req->ctx.arena, sizeof *sheet);
	sheet->rows = rows;
	sheet->column_count = column_count;
	sheet->columns = arena_array(&req->ctx.arena, (size_t)column_count, sizeof *sheet->columns);
	sheet->cells = arena_array(&req->ctx.arena, (size_t)column_count * (size_t)rows, sizeof *sheet->cells);
	for (int i = 0; i < column_count * rows; i++)
		sheet->cells[i].value = NAN;
	return sheet;
}

struct sheet_cell *sheet_at(const struct sheet *sheet, int row, int column)
{
	return &sheet->cells[row * sheet->column_count + column];
}

/* --- from a result set --- */

static struct json_object *moneys_read(struct req *req, const char *json)
{
	struct json_object *amounts = NULL;
	if (json && json_read(&req->ctx, json, strlen(json), 2, &amounts) != OK)
		ctx_forgive(&req->ctx);
	return json_object_is_type(amounts, json_type_object) ? amounts : NULL;
}

struct json_object *moneys_view(struct req *req, const char *json)
{
	struct json_object *texts = json_object_new_array(), *amounts = moneys_read(req, json);
	if (amounts) {
		json_object_object_foreach(amounts, currency, amount)
			json_object_array_add(texts, json_object_new_string(page_money(req, json_object_get_int64(amount), currency)));
	}
	if (!json_object_array_length(texts))
		json_object_array_add(texts, json_object_new_string("–"));
	return texts;
}

static const char *moneys_text(struct req *req, const char *json)
{
	const char *text = NULL;
	struct json_object *amounts = moneys_read(req, json);
	if (!amounts)
		return NULL;
	json_object_object_foreach(amounts, currency, amount) {
		const char *money = page_money(req, json_object_get_int64(amount), currency);
		text = text ? arena_printf(&req->ctx.arena, "%s, %s", text, money) : money;
	}
	return text;
}

static void cell_fill(const struct range *range, struct sheet_cell *cell, const struct column *column, const PGresult *rows, int row)
{
	struct req *req = range->req;
	const char *text = pg_text(rows, row, column->name);
	if (!text)
		return;
	cell->raw = column->kind <= COLUMN_DAY ? text : NULL;
	cell->value = column->kind <= COLUMN_DAY || column->kind == COLUMN_MONEYS ? NAN : strtod(text, NULL);
	switch (column->kind) {
	case COLUMN_WORD:
		cell->text = page_word(req, text);
		break;
	case COLUMN_CURRENCY:
		cell->text = currency_code(req, text);
		break;
	case COLUMN_LABEL:
		cell->text = range_label(range, pg_text(rows, row, "dimension"), text);
		break;
	case COLUMN_DAY:
		cell->text = page_day(req, text);
		break;
	case COLUMN_COUNT:
		cell->text = page_number(req, strtoll(text, NULL, 10));
		break;
	case COLUMN_PERCENT:
		cell->text = arena_printf(&req->ctx.arena, "%s %%", page_decimal(req, cell->value, 1));
		break;
	case COLUMN_MONEY:
		cell->text = page_money(req, strtoll(text, NULL, 10), pg_text(rows, row, "currency"));
		break;
	case COLUMN_MONEYS:
		cell->text = moneys_text(req, text);
		break;
	}
}

static struct sheet *sheet_of(const struct range *range, const struct panel *panel, const PGresult *rows, int first, int count)
{
	struct req *req = range->req;
	int columns = 0;
	while (panel->columns[columns].name)
		columns++;
	struct sheet *sheet = sheet_new(req, columns, count);
	sheet->id = panel->id;
	sheet->title = tr(req, panel->title);
	sheet->note = panel->note ? tr(req, panel->note) : NULL;
	sheet->chart = panel->chart;
	sheet->definitions = panel->definitions;
	for (int at = 0; at < columns; at++) {
		const struct column *column = &panel->columns[at];
		sheet->columns[at] = (struct sheet_column){.name = column->name, .title = tr(req, column->title), .series = column->series,
			.number = column->kind > COLUMN_DAY, .heat = column->heat};
		if (column->kind == COLUMN_MONEY && count)
			sheet->columns[at].digits = money_digits(pg_text(rows, first, "currency"));
		for (int row = 0; row < count; row++)
			cell_fill(range, sheet_at(sheet, row, at), column, rows, first + row);
	}
	return sheet;
}

struct measure_scope panel_scope(const struct range *range, const struct panel *panel)
{
	struct measure_scope scope = range->scope;
	int year, month;
	if (panel->year && sscanf(scope.to, "%4d-%2d", &year, &month) == 2)
		scope.from = arena_printf(&range->req->ctx.arena, "%04d-%02d-01", month == 12 ? year : year - 1, month == 12 ? 1 : month + 1);
	return scope;
}

static const char *csv_path(const struct range *range, const char *id)
{
	return range_link(range, arena_printf(&range->req->ctx.arena, "/analytics/%s.csv", id), RANGE_PARTS, NULL);
}

enum err panel_add(const struct range *range, struct lease *lease, const struct panel *panel, struct json_object *sheets)
{
	struct measure_scope scope = panel_scope(range, panel);
	PGresult *rows;
	TRY(measure_read(lease, panel->figure, &scope, &rows));
	int count = PQntuples(rows), first = 0;
	do {
		int end = count;
		const char *name = panel->group && count ? pg_text(rows, first, panel->group) : NULL;
		for (end = first; end < count && (!name || !strcmp(pg_text(rows, end, panel->group), name)); )
			end++;
		struct sheet *sheet = sheet_of(range, panel, rows, first, end - first);
		if (name) {
			bool currency = !strcmp(panel->group, "currency");
			sheet->title = arena_printf(&range->req->ctx.arena, "%s: %s", sheet->title, currency ? currency_code(range->req, name) :
				page_word(range->req, name));
			sheet->id = first ? arena_printf(&range->req->ctx.arena, "%s-%s", panel->id, name) : panel->id;
		}
		sheet_add(range, sheet, csv_path(range, panel->id), sheets);
		first = end;
	} while (first < count);
	return OK;
}

/* --- as a view --- */

static int series_of(const struct sheet *sheet, int at[SERIES_MOST])
{
	int count = 0;
	for (int column = 0; column < sheet->column_count && count < SERIES_MOST; column++)
		if (sheet->columns[column].series)
			at[count++] = column;
	return count;
}

/* "1 Nov 2026 to 30 Nov 2026. Accepted: at most 12. …" */
static const char *description(struct req *req, const struct sheet *sheet, const int *at, int count)
{
	struct ctx *ctx = &req->ctx;
	const char *first = sheet_at(sheet, 0, 0)->text, *last = sheet_at(sheet, sheet->rows - 1, 0)->text;
	const char *text = arena_printf(&ctx->arena, "%s – %s.", first ? first : "–", last ? last : "–");
	for (int series = 0; series < count; series++) {
		const struct sheet_cell *most = NULL;
		for (int row = 0; row < sheet->rows; row++) {
			const struct sheet_cell *cell = sheet_at(sheet, row, at[series]);
			if (!isnan(cell->value) && (!most || cell->value > most->value))
				most = cell;
		}
		text = arena_printf(&ctx->arena, tr(req, "%s %s: at most %s."), text, sheet->columns[at[series]].title, most ? most->text : "–");
	}
	return text;
}

static void add_chart(struct req *req, const struct sheet *sheet, struct json_object *view)
{
	int at[SERIES_MOST], count = series_of(sheet, at);
	struct chart_series series[SERIES_MOST];
	const char **labels = arena_array(&req->ctx.arena, (size_t)sheet->rows, sizeof *labels);
	const char **texts = arena_array(&req->ctx.arena, (size_t)(sheet->rows * count), sizeof *texts);
	double *values = arena_array(&req->ctx.arena, (size_t)(sheet->rows * count), sizeof *values);
	struct json_object *legend = json_object_new_array();
	for (int i = 0; i < count; i++) {
		const struct sheet_column *column = &sheet->columns[at[i]];
		struct json_object *item = json_object_new_object();
		series[i] = (struct chart_series){column->series, column->title};
		page_text(item, "series", column->series);
		page_text(item, "label", column->title);
		json_object_array_add(legend, item);
	}
	for (int row = 0; row < sheet->rows; row++) {
		labels[row] = sheet_at(sheet, row, 0)->text ? sheet_at(sheet, row, 0)->text : "–";
		for (int i = 0; i < count; i++) {
			const struct sheet_cell *cell = sheet_at(sheet, row, at[i]);
			values[row * count + i] = cell->value;
			texts[row * count + i] = cell->text ? cell->text : "–";
		}
	}
	const struct chart chart = {.title = sheet->title, .description = description(req, sheet, at, count), .series = series, .series_count = count,
		.points = sheet->rows, .labels = labels, .texts = texts, .values = values};
	page_text(view, "svg", sheet->chart == SHEET_COLUMNS ? chart_columns(&req->ctx, &chart) : sheet->chart == SHEET_LINES ?
		chart_lines(&req->ctx, &chart) : chart_funnel(&req->ctx, &chart));
	json_object_object_add(view, "legend", legend);
	json_object_object_add(view, "legended", json_object_new_boolean(count > 1));
	json_object_object_add(view, "plot", json_object_new_boolean(sheet->chart == SHEET_LINES));
	page_text(view, "x", sheet->by_number ? "number" : "day");
	page_text(view, "first", labels[0]);
	page_text(view, "last", labels[sheet->rows - 1]);
}

static void add_meter(struct req *req, const struct sheet *sheet, int row, struct json_object *line)
{
	int at[SERIES_MOST], count = series_of(sheet, at);
	double most = 0;
	for (int i = 0; i < sheet->rows; i++)
		most = fmax(most, sheet_at(sheet, i, at[0])->value);
	page_text(line, "meter", chart_meter(&req->ctx, sheet->columns[at[count - 1]].series, sheet_at(sheet, row, at[count - 1])->value,
		count > 1 ? sheet_at(sheet, row, at[0])->value : 0, most));
}

static struct json_object *cell_view(struct req *req, const struct sheet *sheet, int row, int column)
{
	const struct sheet_column *head = &sheet->columns[column];
	const struct sheet_cell *cell = sheet_at(sheet, row, column);
	struct json_object *view = json_object_new_object();
	page_text(view, "text", cell->text ? cell->text : "–");
	json_object_object_add(view, "first", json_object_new_boolean(column == 0));
	json_object_object_add(view, "number", json_object_new_boolean(head->number));
	/* A name that is not there would be looked for further out. */
	json_object_object_add(view, "v", NULL);
	json_object_object_add(view, "x", NULL);
	json_object_object_add(view, "heat", NULL);
	if (column == 0 && sheet->chart == SHEET_LINES)
		page_text(view, "x", cell->raw ? cell->raw : arena_printf(&req->ctx.arena, "%.15g", cell->value));
	if (head->series && !isnan(cell->value))
		page_text(view, "v", arena_printf(&req->ctx.arena, "%.15g", cell->value));
	if (head->heat && !isnan(cell->value)) {
		int heat = (int)(cell->value * HEATS / 100);
		page_text(view, "heat", arena_printf(&req->ctx.arena, "heat-%d", heat < 0 ? 0 : heat < HEATS ? heat : HEATS - 1));
	}
	return view;
}

static void add_table(struct req *req, const struct sheet *sheet, struct json_object *view)
{
	struct json_object *heads = json_object_new_array(), *rows = json_object_new_array();
	for (int column = 0; column < sheet->column_count; column++) {
		const struct sheet_column *head = &sheet->columns[column];
		struct json_object *one = json_object_new_object();
		page_text(one, "title", head->title);
		json_object_object_add(one, "number", json_object_new_boolean(head->number));
		json_object_object_add(one, "series", head->series ? json_object_new_string(head->series) : NULL);
		json_object_object_add(one, "digits", head->digits ? json_object_new_int(head->digits) : NULL);
		json_object_array_add(heads, one);
	}
	for (int row = 0; row < sheet->rows; row++) {
		struct json_object *line = json_object_new_object(), *cells = json_object_new_array();
		for (int column = 0; column < sheet->column_count; column++)
			json_object_array_add(cells, cell_view(req, sheet, row, column));
		json_object_object_add(line, "cells", cells);
		if (sheet->chart == SHEET_METERS)
			add_meter(req, sheet, row, line);
		json_object_array_add(rows, line);
	}
	json_object_object_add(view, "heads", heads);
	json_object_object_add(view, "rows", rows);
}

struct json_object *definitions_view(struct req *req, const char *const *names)
{
	static const struct { const char *name, *term; } TERMS[] = {{"sessions", TR("Sessions")}, {"accepted", TR("Offers accepted")},
		{"standing", TR("Offer stands")}, {"saved", TR("Saved")}, {"deflected", TR("Deflected")}, {"lost", TR("Lost")},
		{"waiting", TR("30 days not over")}, {"unknown", TR("Unknown")}, {"accept_rate", TR("Accept rate")}, {"stay_rate", TR("Stay rate")},
		{"save_rate", TR("Save rate")}, {"users_saved", TR("Customers saved")}, {"saved_minor", TR("Estimate a month")},
		{"net_minor", TR("Really paid")}, {"kept_net_minor", TR("Really paid after accepted offers")}, {"per_user_minor", TR("Estimate for a customer")},
		{"acceptance", TR("Acceptance")}, {"survival", TR("Still running")}, {"cohort", TR("After so many weeks")}, {"forecast", TR("Forecast")},
		{"monthly_percent", TR("Return a month")}, {"multiplier", TR("Multiplier")}, {"cost_per_user_minor", TR("Cost for a customer saved")},
		{"break_even_days", TR("Days to break even")}, {"stayed", TR("Stayed")}, {"cancels", TR("Cancellations")},
		{"shown", TR("Shown")}, {"reason_share", TR("Share")}, {"paid_minor", TR("Paid")}, {"refunded_minor", TR("Refunded")}};
	struct json_object *all = json_object_new_array();
	for (; names && *names; names++) {
		struct json_object *one = json_object_new_object();
		for (size_t i = 0; i < sizeof TERMS / sizeof *TERMS; i++)
			if (!strcmp(TERMS[i].name, *names))
				page_text(one, "term", tr(req, TERMS[i].term));
		page_text(one, "meaning", measure_definition(*names, req_language(req)));
		json_object_array_add(all, one);
	}
	return all;
}

void sheet_add(const struct range *range, const struct sheet *sheet, const char *csv, struct json_object *sheets)
{
	struct req *req = range->req;
	struct json_object *view = json_object_new_object();
	bool charted = sheet->chart == SHEET_COLUMNS || sheet->chart == SHEET_LINES || sheet->chart == SHEET_FUNNEL;
	page_text(view, "id", sheet->id);
	page_text(view, "title", sheet->title);
	page_text(view, "note", sheet->note ? sheet->note : "");
	page_text(view, "csv", csv ? csv : "");
	json_object_object_add(view, "any", json_object_new_boolean(sheet->rows > 0));
	json_object_object_add(view, "charted", json_object_new_boolean(charted && sheet->rows > 0));
	json_object_object_add(view, "meters", json_object_new_boolean(sheet->chart == SHEET_METERS));
	json_object_object_add(view, "definitions", definitions_view(req, sheet->definitions));
	json_object_object_add(view, "plot", json_object_new_boolean(false));
	json_object_object_add(view, "open", json_object_new_boolean(sheet->chart == SHEET_FUNNEL));
	if (charted && sheet->rows > 0)
		add_chart(req, sheet, view);
	add_table(req, sheet, view);
	json_object_array_add(sheets, view);
}

void sheet_csv(const struct sheet *sheet, struct buffer *out)
{
	for (int column = 0; column < sheet->column_count; column++)
		buffer_printf(out, "%s%s", column ? "," : "", sheet->columns[column].name);
	buffer_text(out, "\r\n");
	for (int row = 0; row < sheet->rows; row++) {
		for (int column = 0; column < sheet->column_count; column++) {
			const struct sheet_cell *cell = sheet_at(sheet, row, column);
			if (column)
				buffer_char(out, ',');
			if (cell->raw)
				buffer_csv(out, cell->raw);
			else if (!isnan(cell->value))
				buffer_printf(out, "%.15g", cell->value);
		}
		buffer_text(out, "\r\n");
	}
}
