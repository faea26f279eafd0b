/* Records of runs that a seeded generator draws: what `stoa bench compare` calls a regression, and what it does not. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail
#undef fail_msg
#define fail_msg(...) (print_error("ERROR: "), print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

#include "cli/bench/compare.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROUTES 10
#define SIMULATIONS 300

static struct ctx ctx;
static const struct compare_rule RULE = {COMPARE_LEVEL, COMPARE_LEAST, COMPARE_LEAST_ERRORS};

/* How runs differ although nothing changed. */
struct noise {
	const char *name;
	double run;     /* of a whole run, all its routes alike (log) */
	double route;   /* of a route's quantile in a run (log) */
	double slow;    /* share of runs that something disturbs: twice as slow */
	double step_ms; /* values are rounded to this, so that some are equal; 0: not */
};

static const struct noise NOISES[] = {
	{"quiet", 0, 0.03, 0, 0}, {"by run", 0.1, 0.03, 0, 0}, {"disturbed", 0.02, 0.05, 0.2, 0}, {"equal values", 0.02, 0.04, 0, 1}};

static struct result_route route_draw(gsl_rng *dice, const struct noise *noise, int index, double factor)
{
	struct result_route route = {.method = "GET", .class = "read", .requests = 2000, .met = true,
		.route = arena_printf(&ctx.arena, "/api/v1/%d", index), .timings = arena_alloc(&ctx.arena, sizeof *route.timings)};
	static const struct { double upto; double ms; } SHAPE[] = {{0.5, 10}, {0.95, 25}, {0.99, 60}, {1, 90}};
	double before = 0;
	for (size_t i = 0; i < sizeof SHAPE / sizeof *SHAPE; i++) {
		double ms = SHAPE[i].ms * factor * exp(gsl_ran_gaussian(dice, noise->route));
		if (noise->step_ms > 0)
			ms = noise->step_ms * ceil(ms / noise->step_ms);
		timings_add_many(route.timings, (int64_t)(ms * 1000), (uint64_t)lround((SHAPE[i].upto - before) * 2000));
		before = SHAPE[i].upto;
	}
	return route;
}

/* factor: of route 0. */
static struct record record_draw(gsl_rng *dice, const struct noise *noise, const char *label, int runs, double factor)
{
	const struct result *list[RUNS_MOST];
	for (int run = 0; run < runs; run++) {
		struct result *result = arena_alloc(&ctx.arena, sizeof *result);
		*result = (struct result){.version = "1", .scenario = "drawn", .document = "", .target = "http://127.0.0.1", .time_scale = 1,
			.rate_scale = 1, .machine = {2, 0.1, "6.1"}, .routes = arena_array(&ctx.arena, ROUTES, sizeof *result->routes), .route_count = ROUTES};
		double whole = exp(gsl_ran_gaussian(dice, noise->run)) * (gsl_rng_uniform(dice) < noise->slow ? 2 : 1);
		for (int i = 0; i < ROUTES; i++)
			result->routes[i] = route_draw(dice, noise, i, whole * (i ? 1 : factor));
		list[run] = result;
	}
	return record_of(&ctx, label, list, runs);
}

struct tally { int wrong, found, few; };

static struct tally simulate(const struct noise *noise, const struct compare_rule *rule, int simulations, double factor, unsigned long seed)
{
	struct tally tally = {0};
	gsl_rng *dice = gsl_rng_alloc(gsl_rng_taus2);
	gsl_rng_set(dice, seed);
	for (int i = 0; i < simulations; i++) {
		struct compared compared;
		struct record base = record_draw(dice, noise, "v1", 7, 1), fresh = record_draw(dice, noise, "v2", 7, factor);
		assert_int_equal(compare_records(&ctx, &base, &fresh, rule, &compared), OK);
		bool wrong = false, found = false;
		for (int row = 0; row < compared.count; row++) {
			bool first = !strcmp(compared.rows[row].route, "/api/v1/0"), called = compared.rows[row].verdict == VERDICT_REGRESSION;
			found |= first && called;
			wrong |= called && (!first || factor == 1);
		}
		tally.wrong += wrong;
		tally.found += found;
		tally.few += compared.made != ROUTES * RECORD_QUANTILES;
		ctx_reset(&ctx);
	}
	gsl_rng_free(dice);
	return tally;
}

static void no_change_is_seldom_called_one(void **state)
{
	(void)state;
	static const struct compare_rule any = {COMPARE_LEVEL, 0, 0};
	double most = SIMULATIONS * ((1 - COMPARE_LEVEL) + 4 * sqrt((1 - COMPARE_LEVEL) * COMPARE_LEVEL / SIMULATIONS));
	for (size_t i = 0; i < sizeof NOISES / sizeof *NOISES; i++) {
		struct tally tally = simulate(&NOISES[i], &any, SIMULATIONS, 1, 10 + i);
		print_message("%s: %d of %d called a regression\n", NOISES[i].name, tally.wrong, SIMULATIONS);
		if (tally.wrong > most || tally.few)
			fail_msg("%s: %d of %d, at most %.0f may be; %d too few", NOISES[i].name, tally.wrong, SIMULATIONS, most, tally.few);
	}
}

static void a_fifth_is_found(void **state)
{
	(void)state;
	static const struct { int noise; double factor, least; } rows[] = {{0, 1.2, 0.99}, {3, 1.2, 0.99}, {1, 2, 0.99}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct noise *noise = &NOISES[rows[i].noise];
		struct tally tally = simulate(noise, &RULE, 200, rows[i].factor, 100 + i);
		print_message("%s, %g times as slow: found in %d of 200, another named in %d\n", noise->name, rows[i].factor, tally.found, tally.wrong);
		if (tally.found < 200 * rows[i].least || tally.wrong > 200 * 0.12)
			fail_msg("%s, %g: found in %d, another named in %d", noise->name, rows[i].factor, tally.found, tally.wrong);
	}
}

/* A record of one route, written by hand: three values a run. */
static struct record record_by_hand(const char *label, int runs, double factor, double errors)
{
	struct record record = {.label = label, .scenario = "hand", .version = "1", .target = "", .kernel = "6.1", .cores = 2, .time_scale = 1,
		.rate_scale = 1, .runs = runs, .route_count = 1, .routes = arena_alloc(&ctx.arena, sizeof *record.routes)};
	struct record_route *route = record.routes;
	*route = (struct record_route){.method = "GET", .route = "/a", .class = "read"};
	double **const lists[] = {&route->requests, &route->errors, &route->answered, &route->ms[0], &route->ms[1], &route->ms[2]};
	for (int i = 0; i < 6; i++) {
		*lists[i] = arena_array(&ctx.arena, (size_t)runs, sizeof(double));
		for (int run = 0; run < runs; run++)
			(*lists[i])[run] = i == 1 ? errors * 1000 : i < 3 ? 1000 : (10 * i + run * 0.1) * factor;
	}
	return record;
}

static void what_is_small_or_unknown_is_not_called(void **state)
{
	(void)state;
	static const struct {
		int base_runs, runs;
		double factor, errors;
		int regressions, improvements, needed, status;
	} rows[] = {
		{7, 7, 1.2, 0, 3, 0, 0, 1},
		{7, 7, 1.04, 0, 0, 0, 0, 0},      /* certain, but below 5 % */
		{7, 7, 1, 0, 0, 0, 0, 0},
		{7, 7, 0.8, 0, 0, 3, 0, 0},
		{7, 7, 1, 0.05, 1, 0, 0, 1},      /* errors only */
		{7, 7, 1, 0.0009, 0, 0, 0, 0},
		{4, 4, 3, 0, 0, 0, 5, 2},         /* 6 / 70 is above 0.05; 6 / 252 is not */
		{1, 1, 9, 0, 0, 0, 5, 2},
		{3, 20, 1.2, 0, 3, 0, 0, 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct compared compared;
		struct record base = record_by_hand("v1", rows[i].base_runs, 1, 0), fresh = record_by_hand("v2", rows[i].runs, rows[i].factor, rows[i].errors);
		assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
		if (compared.regressions != rows[i].regressions || compared.improvements != rows[i].improvements ||
			compared.runs_needed != rows[i].needed || compare_status(&compared) != rows[i].status)
			fail_msg("row %zu: %d regressions, %d better, %d runs needed, status %d", i, compared.regressions, compared.improvements,
				compared.runs_needed, compare_status(&compared));
		ctx_reset(&ctx);
	}
}

static void few_answers_are_not_compared(void **state)
{
	(void)state;
	struct compared compared;
	struct record base = record_by_hand("v1", 7, 1, 0), fresh = record_by_hand("v2", 7, 2, 0);
	fresh.routes->answered[3] = 499; /* 4.99 beyond p99 */
	assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
	assert_int_equal(compared.made, 2);
	assert_int_equal(compared.rows[2].verdict, VERDICT_FEW);
	fresh.routes->answered[3] = 500;
	assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
	assert_int_equal(compared.made, 3);
	fresh.routes->ms[0][2] = 0; /* nothing is so many times nought */
	assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
	assert_int_equal(compared.made, 2);
	fresh.routes->route = "/b";
	assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
	assert_int_equal(compared.only_count, 2);
	assert_string_equal(compared.only[0], "GET /a is not in v2");
	assert_int_equal(compare_status(&compared), 2);
	ctx_reset(&ctx);
}

static void unlike_records_are_refused(void **state)
{
	(void)state;
	struct compared compared;
	struct record base = record_by_hand("v1", 7, 1, 0);
	for (int i = 0; i < 4; i++) {
		struct record fresh = record_by_hand("v2", 7, 1, 0);
		i == 0 ? (void)(fresh.scenario = "other") : i == 1 ? (void)(fresh.time_scale = 0.1) : i == 2 ? (void)(fresh.rate_scale = 2) :
			(void)(fresh.cores = 64);
		assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), ERR_CONFLICT);
		ctx_forgive(&ctx);
	}
	ctx_reset(&ctx);
}

static void the_table_names_route_and_interval(void **state)
{
	(void)state;
	char text[8192] = "";
	FILE *out = fmemopen(text, sizeof text, "w");
	struct compared compared;
	struct record base = record_by_hand("v1", 7, 1, 0), fresh = record_by_hand("v2", 7, 1.5, 0.01);
	for (int run = 0; run < 7; run++)
		fresh.routes->requests[run] = 1060;
	fresh.kernel = "6.2";
	assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
	compare_print(&ctx, &base, &fresh, &RULE, &compared, out);
	fclose(out);
	static const char *const wanted[] = {"hand: v2 (7 runs) against v1 (7 runs), 4 comparisons", "GET /a", "p95", "1.500", "(1.4", "REGRESSION",
		"+0.943%", "4 regressions, 0 better",
		"note: v1 was taken under 6.1, v2 under 6.2\n", "note: a run asked v1 1000 times and v2 1060 times"};
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!strstr(text, wanted[i]))
			fail_msg("\"%s\" is not in\n%s", wanted[i], text);
	ctx_reset(&ctx);
}

static void what_is_seldom_asked_takes_one_line(void **state)
{
	(void)state;
	char text[8192] = "";
	FILE *out = fmemopen(text, sizeof text, "w");
	struct compared compared;
	struct record base = record_by_hand("v1", 7, 1, 0), fresh = record_by_hand("v2", 7, 1, 0);
	fresh.routes->answered[0] = 9; /* 4.5 beyond p50 */
	assert_int_equal(compare_records(&ctx, &base, &fresh, &RULE, &compared), OK);
	compare_print(&ctx, &base, &fresh, &RULE, &compared, out);
	fclose(out);
	const char *at = strstr(text, "GET /a was asked too seldom in a run to be compared\n");
	if (!at || strstr(at + 1, "GET /a") || strstr(text, "too few answers"))
		fail_msg("%s", text);
	ctx_reset(&ctx);
}

/* A history. */

static void history_of(const char *text, struct history *history)
{
	if (history_read(&ctx, text, strlen(text), history) != OK)
		fail_msg("%s", ctx.fault.detail);
}

static void records_come_back(void **state)
{
	(void)state;
	char path[] = "/tmp/stoa-history.XXXXXX";
	close(mkstemp(path));
	struct record first = record_by_hand("v1", 3, 1, 0), second = record_by_hand("v1", 4, 1, 0.25), other = record_by_hand("v2", 2, 1, 0);
	second.label = "v1";
	other.label = "\"v2\"\n";
	struct history history;
	assert_int_equal(history_add(&ctx, path, &first), OK);
	assert_int_equal(history_add(&ctx, path, &other), OK);
	assert_int_equal(history_add(&ctx, path, &second), OK);
	assert_int_equal(history_load(&ctx, path, &history), OK);
	assert_int_equal(history.count, 3);
	assert_string_equal(history.records[1].label, "\"v2\"\n");
	struct record found;
	assert_int_equal(history_find(&ctx, &history, "v1", "hand", &found), OK);
	assert_int_equal(found.runs, 7);
	assert_true(found.routes[0].errors[3] == 250 && found.routes[0].errors[2] == 0);
	assert_true(fabs(found.routes[0].ms[2][1] - 50.1) < 1e-9);
	assert_int_equal(history_find(&ctx, &history, "v3", "hand", &found), OK);
	assert_int_equal(found.runs, 0);
	assert_int_equal(history_find(&ctx, &history, "v1", "hand, rate x 2", &found), OK);
	assert_int_equal(found.runs, 0);
	history.records[2].cores = 64;
	assert_int_equal(history_find(&ctx, &history, "v1", "hand", &found), ERR_CONFLICT);
	assert_non_null(strstr(ctx.fault.detail, "v1 of hand was recorded on 2 cores and on 64"));
	ctx_forgive(&ctx);
	unlink(path);
	assert_int_equal(history_load(&ctx, path, &history), ERR_NOT_FOUND);
	ctx_reset(&ctx);
}

/* As on a disk that is full: a file may have no more bytes than a line and a half. */
static void what_cannot_be_added_leaves_nothing(void **state)
{
	(void)state;
	char path[] = "/tmp/stoa-history.XXXXXX";
	close(mkstemp(path));
	struct record record = record_by_hand("v1", 3, 1, 0);
	struct history history;
	struct stat one;
	struct rlimit limit, small;
	assert_int_equal(history_add(&ctx, path, &record), OK);
	assert_int_equal(stat(path, &one), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = (rlim_t)(one.st_size + one.st_size / 2);
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum err err = history_add(&ctx, path, &record);
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, handler);
	assert_int_equal(err, ERR_INTERNAL);
	assert_non_null(strstr(ctx.fault.detail, "File too large"));
	ctx_forgive(&ctx);
	assert_int_equal(history_add(&ctx, path, &record), OK);
	assert_int_equal(history_load(&ctx, path, &history), OK);
	assert_int_equal(history.count, 2);
	unlink(path);
	assert_int_equal(history_ready(&ctx, "/nowhere/history.jsonl"), ERR_INTERNAL);
	ctx_forgive(&ctx);
	assert_int_equal(history_ready(&ctx, path), OK);
	unlink(path);
	ctx_reset(&ctx);
}

static void bad_lines_are_named(void **state)
{
	(void)state;
	struct buffer line = {0}, text = {0};
	struct record record = record_by_hand("v1", 2, 1, 0);
	record_line(&record, &line);
	struct history history;
	history_of(line.data, &history);
	static const struct { const char *from, *to, *says; } rows[] = {
		{"{\"record\":1", "{\"record\":2", "line 2: not a record of stoa bench: record"},
		{"\"label\":\"v1\"", "\"label\":1", "label is missing"},
		{"\"runs\":2", "\"runs\":3", "not one number for each of 3 runs"},
		{"\"runs\":2", "\"runs\":0", "runs is no number from 1 to 50"},
		{"\"runs\":2", "\"runs\":51", "runs is no number from 1 to 50"},
		{"[1000,1000]", "[1000,-1]", "requests is no number"},
		{"[1000,1000]", "[1000,\"1\"]", "requests is no number"},
		{"\"at\":\"19", "\"at\":\"x", "at is no time"},
		{"\"routes\":[", "\"routes\":[[],", "method is missing"},
		{"{\"record\":1", "foreign", "line 2: "},
		{"]}\n", "]}", "line 2: it does not end with a line feed"},
		{"{\"record\":1,", "[1]\n{\"record\":1,", "line 2: not a record of stoa bench: no object"},
		{"{\"record\":1,", "\n{\"record\":1,", "line 2: "},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		buffer_reset(&text);
		const char *at = strstr(line.data, rows[i].from);
		assert_non_null(at);
		buffer_text(&text, line.data);
		buffer_add(&text, line.data, (size_t)(at - line.data));
		buffer_text(&text, rows[i].to);
		buffer_text(&text, at + strlen(rows[i].from));
		assert_int_equal(history_read(&ctx, text.data, text.length, &history), ERR_BAD_INPUT);
		if (!strstr(ctx.fault.detail, rows[i].says))
			fail_msg("row %zu: \"%s\" is not in \"%s\"", i, rows[i].says, ctx.fault.detail);
		ctx_forgive(&ctx);
	}
	buffer_free(&line);
	buffer_free(&text);
	ctx_reset(&ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_change_is_seldom_called_one),
		cmocka_unit_test(a_fifth_is_found),
		cmocka_unit_test(what_is_small_or_unknown_is_not_called),
		cmocka_unit_test(few_answers_are_not_compared),
		cmocka_unit_test(unlike_records_are_refused),
		cmocka_unit_test(the_table_names_route_and_interval),
		cmocka_unit_test(what_is_seldom_asked_takes_one_line),
		cmocka_unit_test(records_come_back),
		cmocka_unit_test(what_cannot_be_added_leaves_nothing),
		cmocka_unit_test(bad_lines_are_named),
	};
	ctx_init(&ctx);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	ctx_free(&ctx);
	return failed;
}
