#include "config.h"

#include "cli/bench/html.h"
#include "cli/bench/report.h"

#include "base/clock.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Points of a chart over time: seconds of a longer run share one. */
#define POINTS_MOST 240
/* The distribution: bars of a row, and their height. */
#define SHAPE_WIDTH 760
#define SHAPE_LEFT 8
#define SHAPE_ROW 46
#define SHAPE_BAR 24
#define SHAPE_BINS 120

const struct target *report_target(const char *class)
{
	for (int i = CLASS_UNSET + 1; i < CLASS_COUNT; i++)
		if (!strcmp(target_of((enum latency_class)i)->text, class))
			return target_of((enum latency_class)i);
	return NULL;
}

static void fact(struct buffer *out, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void fact(struct buffer *out, const char *name, const char *format, ...)
{
	char text[512];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	buffer_printf(out, "<dt>%s</dt><dd>", name);
	html_text(out, text);
	buffer_text(out, "</dd>\n");
}

static void head(struct buffer *out, const struct result *result)
{
	char started[CLOCK_TEXT];
	clock_format(result->started_us, started);
	buffer_printf(out, "<p class=\"%s\">%s</p>\n", result->met ? "met" : "missed", result->met ? "Every target was met." : "Targets were missed.");
	if (result->broken_count) {
		buffer_text(out, "<ul>\n");
		for (int i = 0; i < result->broken_count; i++) {
			buffer_text(out, "<li>");
			html_text(out, result->broken[i]);
			buffer_text(out, "</li>\n");
		}
		buffer_text(out, "</ul>\n");
	}
	buffer_text(out, "<dl>\n");
	if (*result->document)
		fact(out, "Scenario of", "%s", result->document);
	fact(out, "Target", "%s", result->target);
	fact(out, "Started", "%s", started);
	fact(out, "Took", "%.1f s%s", result->seconds, result->interrupted ? ", interrupted before its end" : "");
	if (result->time_scale != 1 || result->rate_scale != 1)
		fact(out, "Scaled", "times x %g, rates x %g", result->time_scale, result->rate_scale);
	fact(out, "Machine", "%d cores, load %.2f before, Linux %s", result->machine.cores, result->machine.load, result->machine.kernel);
	fact(out, "Requests", "%" PRIu64 ", of which %" PRIu64 " failed; %.1f a second while it was measured", result->total.requests, result_errors(&result->total),
		result_rate(result));
	if (result->refusals.count)
		fact(out, "Refused", "%" PRIu64 " with 429 or 503, %" PRIu64 " of them without Retry-After; p50 %.1f ms, p95 %.1f, p99 %.1f, largest %.1f", result->refusals.count,
			result->refusals.bare, (double)result->refusals.p50_us / 1000, (double)result->refusals.p95_us / 1000, (double)result->refusals.p99_us / 1000,
			(double)result->refusals.max_us / 1000);
	fact(out, "Late by itself", "p99 %.1f ms, largest %.1f ms: for want of a processor, and part of all latencies", (double)result->late.p99_us / 1000,
		(double)result->late.max_us / 1000);
	fact(out, "Cost of the generator", "%.2f s of processor time, %.0f requests a second of it", result->cost.cpu_s, result->cost.requests_per_cpu_s);
	fact(out, "Made by", "stoa bench %s", result->version);
	buffer_text(out, "</dl>\n");
	if (!result->missing_count)
		return;
	buffer_text(out, "<p>The document also asks for what was not measured:</p>\n<ul>\n");
	for (int i = 0; i < result->missing_count; i++) {
		buffer_text(out, "<li>");
		html_text(out, result->missing[i]);
		buffer_text(out, "</li>\n");
	}
	buffer_text(out, "</ul>\n");
}

/* The timeline in at most POINTS_MOST points: counts are the mean of a point's seconds, percentiles and requests in flight their worst. A second in
 * which nothing was timed has none: answers that were not expected are not, but what had no answer in time is. */
struct timeline { int points, seconds; double *x, *intended, *sent, *answered, *errors, *p50, *p95, *p99, *in_flight; };

static struct timeline gather(struct ctx *ctx, const struct result *result)
{
	struct timeline line = {.seconds = result->second_count / POINTS_MOST + 1};
	double **const lists[] = {&line.x, &line.intended, &line.sent, &line.answered, &line.errors, &line.p50, &line.p95, &line.p99, &line.in_flight};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		*lists[i] = arena_array(&ctx->arena, (size_t)result->second_count / (size_t)line.seconds + 1, sizeof **lists[i]);
	for (int i = 0; i < result->second_count; i++) {
		const struct result_second *second = &result->timeline[i];
		int at = i / line.seconds, of = result->second_count - at * line.seconds;
		double share = 1.0 / (of < line.seconds ? of : line.seconds);
		if (i % line.seconds == 0) {
			line.points = at + 1;
			line.x[at] = second->second;
			line.p50[at] = line.p95[at] = line.p99[at] = NAN;
		}
		line.intended[at] += (double)second->intended * share;
		line.sent[at] += (double)second->sent * share;
		line.answered[at] += (double)second->answered * share;
		line.errors[at] += (double)second->errors * share;
		line.in_flight[at] = fmax(line.in_flight[at], second->in_flight);
		if (second->p99_us > 0) {
			line.p50[at] = fmax(line.p50[at], (double)second->p50_us / 1000);
			line.p95[at] = fmax(line.p95[at], (double)second->p95_us / 1000);
			line.p99[at] = fmax(line.p99[at], (double)second->p99_us / 1000);
		}
	}
	return line;
}

static const char *phase_text(struct ctx *ctx, const struct result_phase *phase)
{
	const char *unit = phase->users ? " users" : "/s";
	return phase->from == phase->to ? arena_printf(&ctx->arena, "%s %.4g%s", phase->name, phase->to, unit) :
		arena_printf(&ctx->arena, "%s %.4g to %.4g%s", phase->name, phase->from, phase->to, unit);
}

static const struct plot_band *phase_bands(struct ctx *ctx, const struct result *result)
{
	struct plot_band *bands = arena_array(&ctx->arena, (size_t)result->phase_count + 1, sizeof *bands);
	for (int i = 0; i < result->phase_count; i++)
		bands[i] = (struct plot_band){phase_text(ctx, &result->phases[i]), result->phases[i].from_s, result->phases[i].to_s};
	return bands;
}

static void over_time(struct ctx *ctx, const struct result *result, struct buffer *out)
{
	struct timeline line = gather(ctx, result);
	const struct plot_band *bands = phase_bands(ctx, result);
	const char *each = line.seconds == 1 ? "Each point is a second." : arena_printf(&ctx->arena, "Each point is the worst of %d seconds.", line.seconds);
	struct plot latency = {.title = "Latency over time", .description = each, .x_name = "seconds since the start", .y_name = "ms", .points = line.points,
		.x = line.x, .lines = {{"p50", line.p50}, {"p95", line.p95}, {"p99", line.p99}}, .line_count = 3, .bands = bands,
		.band_count = result->phase_count};
	struct plot rate = {.title = "Requests over time", .x_name = latency.x_name, .y_name = "requests a second", .points = line.points, .x = line.x,
		.description = line.seconds == 1 ? "Each point is a second." : arena_printf(&ctx->arena, "Each point is the mean of %d seconds.", line.seconds),
		.lines = {{"intended", line.intended}, {"sent", line.sent}, {"answered", line.answered}, {"errors", line.errors}}, .line_count = 4,
		.bands = bands, .band_count = result->phase_count};
	struct plot flight = {.title = "Requests in flight", .description = each, .x_name = latency.x_name, .y_name = "requests", .points = line.points,
		.x = line.x, .lines = {{"in flight", line.in_flight}}, .line_count = 1, .bands = bands, .band_count = result->phase_count};
	html_section(out, "Over time");
	buffer_text(out, "<p>A request's time counts from when it was meant to leave. The phases stand at the top of each chart, where there is room, and in a table below.</p>\n");
	html_plot(out, &latency);
	html_plot(out, &rate);
	html_plot(out, &flight);
	html_table(out, "Over time", ">second|>intended/s|>sent/s|>answered/s|>errors/s|>p50 ms|>p95 ms|>p99 ms|>in flight", "The same as a table");
	for (int i = 0; i < line.points; i++) {
		buffer_text(out, "<tr>");
		html_number(out, line.x[i], 0);
		html_number(out, line.intended[i], 1);
		html_number(out, line.sent[i], 1);
		html_number(out, line.answered[i], 1);
		html_number(out, line.errors[i], 1);
		html_number(out, line.p50[i], 1);
		html_number(out, line.p95[i], 1);
		html_number(out, line.p99[i], 1);
		html_number(out, line.in_flight[i], 0);
		buffer_text(out, "</tr>\n");
	}
	html_table_end(out, true);
	buffer_text(out, "</section>\n");
}

struct shape_scale { double from, to; }; /* log10 of milliseconds */

static double shape_x(const struct shape_scale *scale, double ms)
{
	double at = (log10(fmax(ms, 1e-3)) - scale->from) / (scale->to - scale->from);
	return SHAPE_LEFT + fmin(1, fmax(0, at)) * (SHAPE_WIDTH - 2 * SHAPE_LEFT);
}

static struct shape_scale shape_scale(const struct result *result)
{
	double least = INFINITY, most = 1;
	for (int i = 0; i < result->route_count; i++) {
		const struct timings *timings = result->routes[i].timings;
		if (!timings->count)
			continue;
		least = fmin(least, (double)timings_quantile(timings, 0) / 1000);
		most = fmax(most, (double)timings->max_us / 1000);
	}
	double from = floor(log10(fmax(fmin(least, 1), 0.01)));
	return (struct shape_scale){from, fmax(ceil(log10(most)), from + 1)};
}

static void shape_row(struct buffer *out, const struct shape_scale *scale, const struct result_route *route, double top)
{
	double bins[SHAPE_BINS] = {0}, most = 0, width = (double)(SHAPE_WIDTH - 2 * SHAPE_LEFT) / SHAPE_BINS;
	for (int i = 0; i < TIMINGS_BUCKETS; i++) {
		if (!route->timings->buckets[i])
			continue;
		int bin = (int)((shape_x(scale, (double)timings_bucket_us(i) / 1000) - SHAPE_LEFT) / width);
		bin = bin < SHAPE_BINS ? bin : SHAPE_BINS - 1;
		bins[bin] += (double)route->timings->buckets[i];
		most = fmax(most, bins[bin]);
	}
	double floor_y = top + SHAPE_ROW - 4;
	buffer_printf(out, "<text x=\"%d\" y=\"%.1f\">", SHAPE_LEFT, top + 12);
	html_text(out, route->method);
	buffer_char(out, ' ');
	html_text(out, route->route);
	buffer_printf(out, "</text><path class=\"shape\" d=\"");
	for (int i = 0; i < SHAPE_BINS; i++)
		/* What is rare shows, too. */
		if (bins[i] > 0)
			buffer_printf(out, "M%.1f %.1fv%.1fh%.1fv%.1fz", SHAPE_LEFT + i * width, floor_y, -fmax(1.5, SHAPE_BAR * bins[i] / most), width - 0.5,
				fmax(1.5, SHAPE_BAR * bins[i] / most));
	buffer_printf(out, "\"/><path class=\"axis\" d=\"M%d %.1fH%d\"/>", SHAPE_LEFT, floor_y, SHAPE_WIDTH - SHAPE_LEFT);
	const struct target *target = report_target(route->class);
	if (target && target->p95_ms)
		buffer_printf(out, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"/>", shape_x(scale, target->p95_ms), top + 14, floor_y);
}

static void shapes(const struct result *result, struct buffer *out)
{
	struct shape_scale scale = shape_scale(result);
	int height = result->route_count * SHAPE_ROW + 28;
	html_section(out, "Distribution of latency");
	buffer_printf(out, "<figure>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Distribution of latency by route, on a logarithmic scale; the table of routes has its "
		"percentiles\">", SHAPE_WIDTH, height);
	for (int power = (int)scale.from; power <= (int)scale.to; power++) {
		double x = shape_x(&scale, pow(10, power));
		buffer_printf(out, "<path class=\"axis\" d=\"M%.1f 0V%d\"/><text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%g ms</text>", x, height - 22, x, height - 6,
			power == (int)scale.from ? "start" : power == (int)scale.to ? "end" : "middle", pow(10, power));
	}
	for (int i = 0; i < result->route_count; i++)
		shape_row(out, &scale, &result->routes[i], i * SHAPE_ROW);
	buffer_text(out, "</svg>\n<figcaption>Logarithmic scale; each row is drawn to its own height. The dotted line is the p95 target of the route's class.</figcaption>\n"
		"</figure>\n</section>\n");
}

/* The verdict names it: not every target is judged (result_judge()). */
static bool missed(const struct result_route *route, const char *name)
{
	size_t length = strlen(name);
	for (int i = 0; i < route->why_count; i++)
		if (!strncmp(route->why[i], name, length) && route->why[i][length] == ' ' && isdigit((unsigned char)route->why[i][length + 1]))
			return true;
	return false;
}

static void time_cell(struct buffer *out, const struct result_route *route, const char *name, int64_t us, int target_ms)
{
	if (!us) {
		buffer_text(out, "<td class=\"n\"></td>");
		return;
	}
	buffer_printf(out, "<td class=\"n%s\">%.1f", missed(route, name) ? " missed" : "", (double)us / 1000);
	if (target_ms)
		buffer_printf(out, " <span class=\"soft\">of %d</span>", target_ms);
	buffer_text(out, "</td>");
}

static void route_row(struct buffer *out, const struct result_route *route, const char *name)
{
	static const struct target NONE = {.text = ""};
	const struct target *target = report_target(route->class);
	target = target ? target : &NONE;
	buffer_text(out, "<tr><th scope=\"row\">");
	html_text(out, name);
	buffer_text(out, "</th>");
	buffer_printf(out, "<td class=\"why\"><span class=\"%s\">%s</span>", route->met ? "met" : "missed", route->met ? "met" : "missed");
	for (int i = 0; i < route->why_count; i++) {
		buffer_text(out, i ? "; " : ": ");
		html_text(out, route->why[i]);
	}
	buffer_text(out, "</td>");
	html_cell(out, route->class);
	html_number(out, (double)route->requests, 0);
	buffer_text(out, "<td class=\"n\">");
	for (int i = 0; i < route->error_count; i++) {
		buffer_printf(out, "%s%" PRIu64 " ", i ? ", " : "", route->errors[i].count);
		html_text(out, route->errors[i].what);
	}
	buffer_text(out, route->error_count ? "</td>" : "0</td>");
	time_cell(out, route, "p50", timings_quantile(route->timings, 0.5), target->p50_ms);
	time_cell(out, route, "p95", timings_quantile(route->timings, 0.95), target->p95_ms);
	time_cell(out, route, "p99", timings_quantile(route->timings, 0.99), target->p99_ms);
	time_cell(out, route, "p99.9", timings_quantile(route->timings, 0.999), 0);
	time_cell(out, route, "max", route->timings->max_us, target->max_ms);
	time_cell(out, route, "p95 of the first byte", route->first_p95_us, target->ttfb_ms);
	buffer_text(out, "</tr>\n");
}

static void routes(struct ctx *ctx, const struct result *result, struct buffer *out)
{
	html_section(out, "Routes");
	html_table(out, "Latency in ms, each above the target of the route's class; first byte: its p95", "route|targets|class|>requests|>errors|>p50|>p95|>p99|>p99.9|>largest|>first byte", NULL);
	for (int i = 0; i < result->route_count; i++)
		route_row(out, &result->routes[i], arena_printf(&ctx->arena, "%s %s", result->routes[i].method, result->routes[i].route));
	route_row(out, &result->total, "all");
	html_table_end(out, false);
	buffer_text(out, "</section>\n");
}

static void journeys(struct ctx *ctx, const struct result *result, struct buffer *out)
{
	html_section(out, "Phases and journeys");
	html_table(out, "Phases", "phase|kind|>from s|>to s|load", NULL);
	for (int i = 0; i < result->phase_count; i++) {
		const struct result_phase *phase = &result->phases[i];
		buffer_text(out, "<tr>");
		html_cell(out, phase->name);
		html_cell(out, result_phase_kind(phase->kind));
		html_number(out, phase->from_s, 1);
		html_number(out, phase->to_s, 1);
		html_cell(out, phase_text(ctx, phase) + strlen(phase->name) + 1);
		buffer_text(out, "</tr>\n");
	}
	html_table_end(out, false);
	html_table(out, "Journeys", "journey|>weight|>started|>finished|>failed", NULL);
	for (int i = 0; i < result->journey_count; i++) {
		const struct result_journey *journey = &result->journeys[i];
		buffer_text(out, "<tr>");
		html_cell(out, journey->name);
		html_number(out, journey->weight, floor(journey->weight) == journey->weight ? 0 : 2);
		html_number(out, (double)journey->started, 0);
		html_number(out, (double)journey->finished, 0);
		html_number(out, (double)journey->failed, 0);
		buffer_text(out, "</tr>\n");
	}
	html_table_end(out, false);
	buffer_text(out, "</section>\n");
}

void report_html(struct ctx *ctx, const struct result *result, struct buffer *out)
{
	html_begin(out, arena_printf(&ctx->arena, "Load test: %s", result->scenario));
	head(out, result);
	routes(ctx, result, out);
	over_time(ctx, result, out);
	shapes(result, out);
	journeys(ctx, result, out);
	html_end(out);
}

enum err report_save(struct ctx *ctx, const char *path, const struct result *result)
{
	struct buffer page = {0};
	report_html(ctx, result, &page);
	return html_save(ctx, path, &page);
}
