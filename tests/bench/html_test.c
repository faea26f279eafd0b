/* The pages of results and histories: what stands in them, and that nothing given can break out of its place. How they look and read is
 * tests/browser/report.test.mjs's. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "cli/bench/html.h"
#include "cli/bench/report.h"

#include <math.h>
#include <string.h>

static struct ctx ctx;
static struct buffer page;

static void has(const char *text, bool wanted)
{
	if (!strstr(page.data, text) == wanted)
		fail_msg("\"%s\" %s in\n%s", text, wanted ? "is not" : "is", page.data);
}

static int count_of(const char *text)
{
	int count = 0;
	for (const char *at = page.data; (at = strstr(at, text)); at++)
		count++;
	return count;
}

/* A run of `seconds` with one request a millisecond of each route; route 0 misses its p95. */
static struct result result_made(int seconds)
{
	static const char *const WHY[] = {"p95 250.0 ms over 200 ms"}, *const BROKEN[] = {"GET /a p95 250.0 ms over 200 ms (read)"},
		*const MISSING[] = {"Tasks: <not built>"};
	static struct result_error errors[] = {{"503", 3}, {"timeout", 1}};
	struct result result = {.version = "1.2", .scenario = "a <b>\"scenario\"", .document = "003 \302\2477 & more", .target = "http://127.0.0.1:1",
		.started_us = 1767225600000000, .seconds = seconds, .time_scale = 0.1, .rate_scale = 1, .machine = {2, 0.25, "6.1"}, .cost = {1.5, 31000},
		.route_count = 2, .second_count = seconds, .phase_count = 2, .journey_count = 1, .missing_count = 1, .broken_count = 1,
		.missing = (const char **)MISSING, .broken = (const char **)BROKEN};
	result.routes = arena_array(&ctx.arena, 2, sizeof *result.routes);
	for (int i = 0; i < 2; i++) {
		result.routes[i] = (struct result_route){.method = "GET", .route = i ? "/<script>" : "/a", .class = i ? "" : "read", .met = i,
			.timings = arena_alloc(&ctx.arena, sizeof(struct timings))};
		result.routes[i].requests = (uint64_t)seconds * 1000;
		for (int n = 0; n < 1000; n++)
			timings_add_many(result.routes[i].timings, n * (i ? 10 : 260), (uint64_t)seconds);
	}
	result.routes[0].why = (const char **)WHY;
	result.routes[0].why_count = 1;
	result.routes[0].errors = errors;
	result.routes[0].error_count = 2;
	result.total = (struct result_route){.method = "", .route = "", .class = "", .requests = (uint64_t)seconds * 2000, .errors = errors, .error_count = 2,
		.timings = result.routes[1].timings};
	result.phases = arena_array(&ctx.arena, 2, sizeof *result.phases);
	result.phases[0] = (struct result_phase){"ramp", PHASE_RAMP, 0, seconds / 2.0, false, 0, 16.7};
	result.phases[1] = (struct result_phase){"crowd", PHASE_SPIKE, seconds / 2.0, seconds, true, 500, 500};
	result.journeys = arena_alloc(&ctx.arena, sizeof *result.journeys);
	*result.journeys = (struct result_journey){"cancel", 3, 100, 98, 2};
	result.timeline = arena_array(&ctx.arena, (size_t)seconds + 1, sizeof *result.timeline);
	for (int i = 0; i < seconds; i++)
		result.timeline[i] = (struct result_second){i, 20, 20, i == 1 ? 0 : 20, 0, 5000 + i, 20000, i == 3 ? 987000 : 30000, i, i};
	return result;
}

static void write_page(const struct result *result)
{
	buffer_reset(&page);
	report_html(&ctx, result, &page);
	assert_false(page.failed);
}

static void a_report_stands_alone(void **state)
{
	(void)state;
	struct result result = result_made(10);
	result.timeline[8] = (struct result_second){8, 20, 20, 0, 20, 10000000, 10000000, 10000000, 8, 8};
	static const char *const FIRST_WHY[] = {"p95 of the first byte 120.0 ms over 100 ms (widget)"};
	result.measured_s = 20;
	result.late.p99_us = 11000, result.late.max_us = 12000;
	result.refusals.count = 3, result.refusals.bare = 1;
	result.refusals.p50_us = 1000, result.refusals.p95_us = 2000, result.refusals.p99_us = 3000, result.refusals.max_us = 4000;
	result.routes[1].class = "widget";
	result.routes[1].first_p95_us = 120000;
	result.routes[1].why = (const char **)FIRST_WHY;
	result.routes[1].why_count = 1;
	result.timeline[9] = (struct result_second){9, 20, 20, 20, 20, 0, 0, 0, 9, 9};
	write_page(&result);
	static const char *const wanted[] = {"<!DOCTYPE html>", "<html lang=\"en\">", "<title>Load test: a &lt;b&gt;", "003 \302\2477 &amp; more",
		"Tasks: &lt;not built&gt;", "GET /&lt;script&gt;", "Targets were missed.", "GET /a p95 250.0 ms over 200 ms (read)", "p95 250.0 ms over 200 ms",
		"3 503, 1 timeout", "of 200</span>", "2 cores, load 0.25 before, Linux 6.1", "31000 requests a second of it", "times x 0.1, rates x 1", "ramp 0 to 16.7/s",
		"crowd 500 users", "prefers-color-scheme:dark", "role=\"img\"", "2026-01-01T00:00:00.000Z", "Each point is a second."};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		has(wanted[i], true);
	static const char *const refused[] = {"<script", "<b>", "nan", "inf", "http-equiv", " src=", " href=", "@import", "url("};
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		has(refused[i], false);
	/* A second without an answer has times when what waited was given up, and none when nothing was timed. */
	has("<td class=\"n\">0.0</td><td class=\"n\">20.0</td><td class=\"n\">10000.0</td><td class=\"n\">10000.0</td><td class=\"n\">10000.0</td><td class=\"n\">8</td>", true);
	has("<td class=\"n\">20.0</td><td class=\"n\">20.0</td><td class=\"n\"></td><td class=\"n\"></td><td class=\"n\"></td><td class=\"n\">9</td>", true);
	has("<dd>20000, of which 4 failed; 1000.0 a second while it was measured</dd>", true);
	has("<dd>3 with 429 or 503, 1 of them without Retry-After; p50 1.0 ms, p95 2.0, p99 3.0, largest 4.0</dd>", true);
	has("<td class=\"n missed\">120.0 <span class=\"soft\">of 100</span></td>", true);
	has("<td class=\"n\">9.5 <span class=\"soft\">of 250</span></td>", true);
	has("<dd>p99 11.0 ms, largest 12.0 ms: ", true);
	/* What the verdict does not judge is not red. */
	has("<td class=\"n missed\">246.8 <span class=\"soft\">of 200</span></td>", true);
	has("<td class=\"n\">130.0 <span class=\"soft\">of 80</span></td>", true);
	/* Four images, each with its words, and its figures in a table. */
	assert_int_equal(count_of("role=\"img\""), 4);
	assert_int_equal(count_of("aria-label=\"Latency over time"), 1);
	assert_int_equal(count_of("<td class=\"n\">987.0</td>"), 1);
	ctx_reset(&ctx);
}

static void a_long_run_shares_points(void **state)
{
	(void)state;
	struct result result = result_made(7200);
	write_page(&result);
	has("Each point is the worst of 31 seconds.", true);
	has("Each point is the mean of 31 seconds.", true);
	/* 7,200 / 31 = 232.3: the worst second is kept, the rate is still a second's. */
	assert_int_equal(count_of("<td class=\"n\">987.0</td>"), 1);
	assert_int_equal(count_of("<tr><td class=\"n\">"), 233);
	has("<td class=\"n\">7192</td><td class=\"n\">20.0</td>", true);
	ctx_reset(&ctx);
}

static void an_empty_run_is_a_page_too(void **state)
{
	(void)state;
	struct timings none = {0};
	struct result result = {.version = "1", .scenario = "none", .document = "", .target = "", .time_scale = 1, .rate_scale = 1, .met = true,
		.machine = {1, 0, ""}, .total = {.method = "", .route = "", .class = "", .timings = &none, .met = true}};
	write_page(&result);
	has("Every target was met.", true);
	has("nan", false);
	has("inf", false);
	ctx_reset(&ctx);
}

static void classes_have_their_targets(void **state)
{
	(void)state;
	assert_int_equal(report_target("widget")->p95_ms, target_of(CLASS_WIDGET)->p95_ms);
	assert_null(report_target(""));
	assert_null(report_target("no such"));
}

static struct record record_made(const char *label, const char *route, double ms)
{
	struct record record = {.label = label, .scenario = "normal", .version = "1", .target = "", .kernel = "6.1", .cores = 2, .time_scale = 1, .rate_scale = 1,
		.runs = 7, .route_count = 1, .at_us = 1767225600000000, .routes = arena_alloc(&ctx.arena, sizeof *record.routes)};
	*record.routes = (struct record_route){.method = "GET", .route = route, .class = "read"};
	double **const lists[] = {&record.routes->requests, &record.routes->errors, &record.routes->answered, &record.routes->ms[0], &record.routes->ms[1],
		&record.routes->ms[2]};
	for (int i = 0; i < 6; i++) {
		*lists[i] = arena_array(&ctx.arena, 7, sizeof(double));
		for (int run = 0; run < 7; run++)
			(*lists[i])[run] = i == 1 ? 1 : i < 3 ? 200 : ms * i + run;
	}
	return record;
}

static void a_history_is_charted(void **state)
{
	(void)state;
	struct record records[] = {record_made("v1", "/a", 10), record_made("v<2>", "/a", 20), record_made("v3", "/b", 30)};
	records[0].load = 0.75;
	records[2].rate_scale = 2;
	struct history history = {records, 3};
	buffer_reset(&page);
	history_html(&ctx, &history, &page);
	assert_false(page.failed);
	assert_int_equal(count_of("<h2>"), 2);
	has("<h2>normal, rate x 2</h2>", true);
	has("<h3>GET /a</h3>", true);
	has("v&lt;2&gt;", true);
	has("<td>2026-01-01T00:00:00.000Z</td><td>1</td><td class=\"n\">0.75</td><td class=\"n\">7</td>", true);
	/* p95 is 40 + run: median 43, of seven runs all within the interval; p99 has too few answers. */
	has("<td class=\"n\">43.00</td><td class=\"n\">40.00</td><td class=\"n\">46.00</td><td class=\"n\"></td><td class=\"n\">0.500</td>", true);
	has("The target of p95 is 200 ms (read).", true);
	assert_int_equal(count_of("class=\"mark-name\""), 1); /* of the third record's, which comes near it */
	has("nan", false);
	struct history none = {0};
	buffer_reset(&page);
	history_html(&ctx, &none, &page);
	has("</html>", true);
	ctx_reset(&ctx);
}

/* Texts below a chart stand beside each other, or are left out; all are in the table. */
static void labels_do_not_overlap(void **state)
{
	(void)state;
	static const struct { int points; const char *label; int shown; } rows[] = {{10, "v1", 10}, {60, "v1", 20}, {3, "http://127.0.0.1:8080", 3}, {8, "http://127.0.0.1:8080", 4}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		double y[60] = {0};
		const char *texts[60];
		for (int point = 0; point < rows[i].points; point++)
			texts[point] = rows[i].label;
		struct plot plot = {.title = "", .description = "", .x_name = "", .y_name = "", .points = rows[i].points, .x_texts = texts,
			.lines = {{"", y}}, .line_count = 1};
		buffer_reset(&page);
		html_plot(&page, &plot);
		assert_int_equal(count_of(arena_printf(&ctx.arena, ">%s</text>", rows[i].label)), rows[i].shown);
	}
	ctx_reset(&ctx);
}

static void steps_are_round(void **state)
{
	(void)state;
	static const struct { double range; int count; double step; } rows[] = {{10, 5, 2}, {1, 5, 0.2}, {9.5, 5, 2}, {730, 8, 100}, {0.037, 5, 0.01}, {7200, 8, 1000}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (fabs(html_step(rows[i].range, rows[i].count) - rows[i].step) > rows[i].step * 1e-9)
			fail_msg("a step of %g for %g in %d, wanted %g", html_step(rows[i].range, rows[i].count), rows[i].range, rows[i].count, rows[i].step);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_report_stands_alone),
		cmocka_unit_test(a_long_run_shares_points),
		cmocka_unit_test(an_empty_run_is_a_page_too),
		cmocka_unit_test(classes_have_their_targets),
		cmocka_unit_test(a_history_is_charted),
		cmocka_unit_test(labels_do_not_overlap),
		cmocka_unit_test(steps_are_round),
	};
	ctx_init(&ctx);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	buffer_free(&page);
	ctx_free(&ctx);
	return failed;
}
