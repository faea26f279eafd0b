#include "config.h"

#include "cli/bench/html.h"
#include "cli/bench/report.h"
#include "cli/bench/statistics.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>

#define LEVEL 0.95

/* Of one scenario: its records in their order. */
struct chapter { const char *scenario; const struct record **records; int count; };

static const struct record_route *route_of(const struct record *record, const struct record_route *wanted)
{
	for (int i = 0; i < record->route_count; i++)
		if (!strcmp(record->routes[i].route, wanted->route) && !strcmp(record->routes[i].method, wanted->method))
			return &record->routes[i];
	return NULL;
}

struct series { double *median[RECORD_QUANTILES], *low, *high, *errors; };

static struct series series_make(struct ctx *ctx, const struct chapter *chapter, const struct record_route *wanted)
{
	struct series series;
	double **const lists[] = {&series.median[0], &series.median[1], &series.median[2], &series.low, &series.high, &series.errors};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		*lists[i] = arena_array(&ctx->arena, (size_t)chapter->count, sizeof **lists[i]);
	for (int i = 0; i < chapter->count; i++) {
		const struct record *record = chapter->records[i];
		const struct record_route *route = route_of(record, wanted);
		double requests = 0, errors = 0;
		for (int q = 0; q < RECORD_QUANTILES; q++)
			series.median[q][i] = route && record_enough(record, route, q) ? median_of(&ctx->arena, route->ms[q], record->runs) : NAN;
		series.low[i] = series.high[i] = NAN;
		if (isfinite(series.median[1][i])) {
			struct interval interval = median_interval(&ctx->arena, route->ms[1], record->runs, LEVEL, NULL);
			series.low[i] = interval.low;
			series.high[i] = interval.high;
		}
		for (int run = 0; route && run < record->runs; run++) {
			requests += route->requests[run];
			errors += route->errors[run];
		}
		series.errors[i] = requests > 0 ? errors / requests : NAN;
	}
	return series;
}

static void route_section(struct ctx *ctx, const struct chapter *chapter, const struct record_route *route, const char *const *labels, struct buffer *out)
{
	const char *name = arena_printf(&ctx->arena, "%s %s", route->method, route->route);
	struct series series = series_make(ctx, chapter, route);
	const struct target *target = report_target(route->class);
	const char *about = "Medians of the runs of each record; the tinted bar is p95's interval.";
	if (target && target->p95_ms)
		about = arena_printf(&ctx->arena, "%s The target of p95 is %d ms (%s).", about, target->p95_ms, route->class);
	struct plot plot = {.title = name, .description = about, .x_name = "record", .y_name = "ms",
		.points = chapter->count, .x_texts = labels, .lines = {{"p95", series.median[1]}, {"p50", series.median[0]}, {"p99", series.median[2]}},
		.line_count = 3, .low = series.low, .high = series.high, .mark = target ? target->p95_ms : 0, .mark_name = "target of p95"};
	buffer_text(out, "<h3>");
	html_text(out, name);
	buffer_text(out, "</h3>\n");
	html_plot(out, &plot);
	html_table(out, name, "record|time|version|>load before|>runs|>p50 ms|>p95 ms|>from|>to|>p99 ms|>errors %", "The same as a table");
	for (int i = 0; i < chapter->count; i++) {
		char at[CLOCK_TEXT];
		clock_format(chapter->records[i]->at_us, at);
		buffer_text(out, "<tr>");
		html_cell(out, labels[i]);
		html_cell(out, at);
		html_cell(out, chapter->records[i]->version);
		html_number(out, chapter->records[i]->load, 2);
		html_number(out, chapter->records[i]->runs, 0);
		html_number(out, series.median[0][i], 2);
		html_number(out, series.median[1][i], 2);
		html_number(out, series.low[i], 2);
		html_number(out, series.high[i], 2);
		html_number(out, series.median[2][i], 2);
		html_number(out, 100 * series.errors[i], 3);
		buffer_text(out, "</tr>\n");
	}
	html_table_end(out, true);
}

/* Every route of any record, once. */
static void chapter_write(struct ctx *ctx, const struct chapter *chapter, struct buffer *out)
{
	const char **labels = arena_array(&ctx->arena, (size_t)chapter->count, sizeof *labels);
	for (int i = 0; i < chapter->count; i++)
		labels[i] = chapter->records[i]->label;
	html_section(out, chapter->scenario);
	for (int i = 0; i < chapter->count; i++)
		for (int j = 0; j < chapter->records[i]->route_count; j++) {
			const struct record_route *route = &chapter->records[i]->routes[j];
			bool before = false;
			for (int k = 0; k < i && !before; k++)
				before = route_of(chapter->records[k], route);
			if (!before)
				route_section(ctx, chapter, route, labels, out);
		}
	buffer_text(out, "</section>\n");
}

void history_html(struct ctx *ctx, const struct history *history, struct buffer *out)
{
	struct chapter *chapters = arena_array(&ctx->arena, (size_t)history->count + 1, sizeof *chapters);
	int count = 0;
	for (int i = 0; i < history->count; i++) {
		const char *scenario = record_scenario(ctx, &history->records[i]);
		int at = 0;
		while (at < count && strcmp(chapters[at].scenario, scenario))
			at++;
		if (at == count)
			chapters[count++] = (struct chapter){scenario, arena_array(&ctx->arena, (size_t)history->count, sizeof(struct record *)), 0};
		chapters[at].records[chapters[at].count++] = &history->records[i];
	}
	html_begin(out, "Load tests: history");
	buffer_printf(out, "<p>Each point is the median of a record's runs. The interval holds the true median with %g %% where there are runs enough for that "
		"(six), else it is what the runs reached from.</p>\n", 100 * LEVEL);
	for (int i = 0; i < count; i++)
		chapter_write(ctx, &chapters[i], out);
	html_end(out);
}

enum err history_save(struct ctx *ctx, const char *path, const struct history *history)
{
	struct buffer page = {0};
	history_html(ctx, history, &page);
	return html_save(ctx, path, &page);
}
