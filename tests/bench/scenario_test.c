/* Scenario files: what is taken, what is refused and where, and what texts come of it. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#undef fail

#include "cli/bench/values.h"

#include "base/id.h"
#include "identity/identity.h"

#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL "phases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: /}]}]\n"

static const struct scenario_options PLAIN = {.time_scale = 1, .rate_scale = 1};

static enum err read_text(struct ctx *ctx, const char *text, const struct scenario_options *options, struct scenario *scenario)
{
	return scenario_read(ctx, "try.yaml", NULL, text, strlen(text), options, scenario);
}

static void refused_with_its_line(void **state)
{
	static const struct { const char *text, *why; } ROWS[] = {
		{"", "try.yaml"}, {"[1]", "try.yaml:1: a scenario must be a mapping"}, {"name: [", "try.yaml:"},
		{"phases: []\n", "no name"}, {"name: a\ntypo: 1\n" TAIL, "try.yaml:2: a scenario has no \"typo\""},
		{"name: a\nname: b\n" TAIL, "name stands twice"}, {"name: a\nphases: []\njourneys: []\n", "no journey"},
		{"name: a\nusers: 0\n" TAIL, "try.yaml:2: users"}, {"name: a\nusers: many\n" TAIL, "try.yaml:2: users"},
		{"name: a\ntimeout: 10\n" TAIL, "try.yaml:2: timeout must be a time"}, {"name: a\ntimeout: 0s\n" TAIL, "try.yaml:2: timeout must be more"},
		{"name: a\nrenew: 5m\n" TAIL, "try.yaml:2: renew: there is no once"}, {"name: a\nrenew: 0s\nonce: [{get: /}]\n" TAIL, "try.yaml:2: renew must be more"},
		{"name: a\nthink: [3s, 1s]\n" TAIL, "the larger one"},
		{"name: a\narrivals: odd\n" TAIL, "even or random"}, {"name: a\ninclude: b.yaml\n" TAIL, "nothing can be included"},
		{"name: a\nset: {key: null}\n" TAIL, "--set key="}, {"name: a\nset: {'a b': 1}\n" TAIL, "is no name"},
		{"name: a\ndata: {x: {sequence: [2, 1]}}\n" TAIL, "try.yaml:2: sequence"}, {"name: a\ndata: {x: {dice: 6}}\n" TAIL, "data has no \"dice\""},
		{"name: a\ndata: {x: {choose: []}}\n" TAIL, "nothing to choose"}, {"name: a\ndata: {x: {uuid: 5}}\n" TAIL, "4 or 7"},
		{"name: a\ndata: {x: '{{x}}'}\n" TAIL, "nothing sets {{x}}"}, {"name: a\ndata: {x: '{{y}}', y: '{{x}}'}\n" TAIL, "nothing sets {{y}}"},
		{"name: a\ndata: {x: {hmac: {key: k}}}\n" TAIL, "a key and a text"}, {"name: a\nset: {x: 1}\ndata: {x: {text: 4}}\n" TAIL, "cannot be made"},
		{"name: a\nweights: {other: 1}\n" TAIL, "no journey \"other\""}, {"name: a\nthresholds: {p90: 1s}\n" TAIL, "no \"p90\""},
		{"name: a\nthresholds: {errors: 2}\n" TAIL, "try.yaml:2: errors"}, {"name: a\nheaders: {Host: x}\n" TAIL, "generator's own"},
		{"name: a\nheaders: {'a:b': x}\n" TAIL, "no name of a header"}, {"name: a\nheaders: {a: \"x\\ny\"}\n" TAIL, "control character"},
		{"name: a\nphases: [{name: p, rate: 1}]\njourneys: [{name: j, steps: [{get: /}]}]\n", "try.yaml:2: a phase needs"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1, users: 2}]\njourneys: [{name: j, steps: [{get: /}]}]\n", "a rate or users"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1, kind: flat}]\njourneys: [{name: j, steps: [{get: /}]}]\n", "ramp, hold or spike"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys:\n  - name: j\n    steps: [{fetch: /}]\n", "try.yaml:5: a step has no \"fetch\""},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{think: 1s}]}]\n", "ask nothing"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: x}]}]\n", "begins with a slash"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: '/a b'}]}]\n", "a space"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: /, post: /}]}]\n", "one method"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{post: /, json: 1, body: x}]}]\n", "one of json"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: '/{{who}}'}]}]\n", "nothing sets {{who}}"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: '/{{who'}]}]\n", "not closed"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: /, expect: 99}]}]\n", "expect must be"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: /, capture: {t: token}}]}]\n", "begins with a slash"},
		{"name: a\nphases: [{name: p, for: 1s, rate: 1}]\njourneys: [{name: j, steps: [{get: /, capture: {t: {after: x}}}]}]\n", "capture takes"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
		struct ctx ctx;
		struct scenario scenario;
		ctx_init(&ctx);
		enum err err = read_text(&ctx, ROWS[i].text, &PLAIN, &scenario);
		if (err != ERR_BAD_INPUT || !strstr(ctx.fault.detail, ROWS[i].why)) {
			print_error("%s\ngave \"%s\", not \"%s\"\n", ROWS[i].text, ctx.fault.detail, ROWS[i].why);
			_fail(__FILE__, __LINE__);
		}
		ctx_free(&ctx);
	}
}

static void taken_and_scaled(void **state)
{
	static const char TEXT[] = "name: 003-peak\ndocument: \"003 §7\"\nmissing: [Tasks]\nusers: 10\ntimeout: 2500ms\nthink: [1s, 3s]\narrivals: random\n"
		"phases:\n  - {name: up, for: 5m, rate: [0, 20]}\n  - {name: on, for: 1h, users: 40, measure: false}\n  - {name: jump, for: 10s, rate: 90, kind: spike}\n"
		"thresholds: {errors: 0.001, p95: 300ms, classes: false}\n"
		"journeys: [{name: a, weight: 3, steps: [{get: /}, {think: 2s}, {post: /x, json: {a: 1}}]}, {name: b, weight: 0, steps: [{get: /}]}]\n";
	struct ctx ctx;
	struct scenario scenario;
	const struct scenario_options options = {.time_scale = 0.1, .rate_scale = 0.5};
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(read_text(&ctx, TEXT, &options, &scenario), OK);
	assert_string_equal(scenario.name, "003-peak");
	assert_string_equal(scenario.missing[0], "Tasks");
	assert_int_equal(scenario.users, 20);
	assert_int_equal(scenario.timeout_us, 2500000);
	assert_true(scenario.random && scenario.think.least == 1000000 && scenario.think.most == 3000000);
	assert_int_equal(scenario.phase_count, 3);
	assert_true(scenario.phases[0].kind == PHASE_RAMP && scenario.phases[0].us == 30000000 && scenario.phases[0].to == 10 && !scenario.phases[0].users);
	assert_true(scenario.phases[1].users && scenario.phases[1].from == 20 && !scenario.phases[1].measure && scenario.phases[1].us == 360000000);
	assert_true(scenario.phases[2].kind == PHASE_SPIKE && scenario.phases[2].measure);
	assert_int_equal(scenario.journey_count, 1);
	assert_int_equal(scenario.journeys[0].steps.requests, 2);
	assert_true(scenario.thresholds.errors > 0 && scenario.thresholds.p95_us == 300000 && !scenario.thresholds.classes && scenario.thresholds.faults < 0);
	ctx_free(&ctx);
}

static char *rendered(const struct scenario *scenario, const struct pattern *pattern, struct value *values)
{
	struct draw draw;
	struct buffer out = {0};
	draw_open(&draw, scenario);
	values_render(&draw, values, pattern, &out);
	buffer_char(&out, 0);
	draw_close(&draw);
	return out.data;
}

static void texts(void **state)
{
	static const char TEXT[] = "name: t\nset: {who: 'a \"b\" ü/', raw: '[1,{\"k\":2}]'}\n"
		"data: {n: {number: [7, 7]}, s: {sequence: [3, 4]}, mac: {hmac: {key: Jefe, text: 'what do ya want for {{w}}?'}}, both: '{{n}}-{{s}}'}\n"
		"once: [{get: /, capture: {w: /w}}]\nphases: [{name: p, for: 1s, rate: 1}]\n"
		"journeys: [{name: j, steps: [{post: '/x/{{who}}?n={{n}}', json: {a: '{{who}}', b: 12, c: '12', d: '{{{raw}}}', e: [null, true, -1.5e3, 01, yes], f: {}},"
		" headers: {X: '{{both}}'}}, {post: /, form: {'a b': '{{who}} &'}}, {post: /, body: '{{mac}}'},"
		" {post: /, headers: {content-type: application/x-ndjson}, json: 1}]}]\n";
	struct ctx ctx;
	struct scenario scenario;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(read_text(&ctx, TEXT, &PLAIN, &scenario), OK);
	struct value *values = values_new(&scenario);
	const struct step *steps = scenario.journeys[0].steps.items;
	/* RFC 4231, test case 2. */
	for (int i = 0; i < scenario.variable_count; i++)
		if (!strcmp(scenario.variables[i].name, "w"))
			value_set(&values[i], "nothing", 7);
	const struct { const struct pattern *pattern; const char *text; } rows[] = {
		{&steps[0].path, "/x/a%20%22b%22%20%C3%BC%2F?n=7"},
		{&steps[0].body, "{\"a\":\"a \\\"b\\\" ü/\",\"b\":12,\"c\":\"12\",\"d\":[1,{\"k\":2}],\"e\":[null,true,-1.5e3,\"01\",\"yes\"],\"f\":{}}"},
		{&steps[0].headers[0].value, "7-3"},
		{&steps[1].body, "a%20b=a%20%22b%22%20%C3%BC%2F%20%26"},
		{&steps[2].body, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *text = rendered(&scenario, rows[i].pattern, values);
		assert_string_equal(text, rows[i].text);
		free(text);
	}
	assert_string_equal(steps[0].media, "application/json");
	assert_null(steps[3].media);
	values_free(&scenario, values);
	ctx_free(&ctx);
}

static void made_values(void **state)
{
	static const char TEXT[] = "name: t\ndata: {s: {sequence: [1, 2]}, n: {number: [-2, 2]}, c: {choose: [a, b]}, t: {text: [3, 9]}, u: {uuid: 4}, v: {uuid: 7},"
		" e: {email: x.test}, d: {day: 0}, w: {now: ms}}\nphases: [{name: p, for: 1s, rate: 1}]\n"
		"journeys: [{name: j, steps: [{post: /, body: '{{s}} {{n}} {{c}} {{u}} {{v}} {{e}} {{d}} {{w}} {{t}}'}]}]\n";
	struct ctx ctx;
	struct scenario scenario;
	struct draw draw;
	(void)state;
	ctx_init(&ctx);
	assert_int_equal(read_text(&ctx, TEXT, &PLAIN, &scenario), OK);
	struct value *values = values_new(&scenario);
	draw_open(&draw, &scenario);
	char before[512] = "";
	for (int i = 0; i < 200; i++) {
		struct buffer out = {0}, same = {0};
		char id[37], seven[37], email[64], day[16], c;
		int sequence, number, at;
		long long ms;
		values_begin(&scenario, values);
		values_render(&draw, values, &scenario.journeys[0].steps.items[0].body, &out);
		values_render(&draw, values, &scenario.journeys[0].steps.items[0].body, &same);
		assert_string_equal(out.data, same.data);
		assert_string_not_equal(out.data, before);
		snprintf(before, sizeof before, "%s", out.data);
		assert_int_equal(sscanf(out.data, "%d %d %c %36s %36s %63s %15s %lld %n", &sequence, &number, &c, id, seven, email, day, &ms, &at), 8);
		assert_int_equal(sequence, 1 + i % 2);
		assert_true(number >= -2 && number <= 2 && (c == 'a' || c == 'b'));
		assert_true(id_valid(id) && id[14] == '4' && id_valid(seven) && seven[14] == '7');
		assert_string_equal(strchr(email, '@'), "@x.test");
		assert_int_equal(strlen(day), 10);
		size_t length = strlen(out.data + at);
		assert_true(length >= 3 && length <= 9 && strspn(out.data + at, "abcdefghijklmnopqrstuvwxyz ") == length);
		buffer_free(&out);
		buffer_free(&same);
	}
	draw_close(&draw);
	values_free(&scenario, values);
	ctx_free(&ctx);
}

static void put(const char *folder, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void included(void **state)
{
	char folder[] = "/tmp/stoa-scenario.XXXXXX", path[256];
	struct ctx ctx;
	struct scenario scenario;
	const char *const set[] = {"key=k1", NULL};
	const struct scenario_options options = {.set = set, .time_scale = 1, .rate_scale = 1};
	(void)state;
	assert_non_null(mkdtemp(folder));
	put(folder, "common.yaml", "set: {key: null, other: o}\nmissing: [x]\ntimeout: 3s\njourneys: [{name: a, steps: [{get: /a}]}, {name: b, steps: [{get: /b}]},"
		" {name: c, steps: [{get: /c}]}]\nthink: 1s\n");
	put(folder, "main.yaml", "include: common.yaml\nname: m\nmissing: [y]\nthink: 2s\nweights: {a: 1, b: 4}\njourneys: [{name: b, steps: [{get: '/new/{{key}}'}]}]\n"
		"phases: [{name: p, for: 1s, rate: 1}]\n");
	put(folder, "loop.yaml", "include: loop.yaml\nname: l\n");
	snprintf(path, sizeof path, "%s/main.yaml", folder);
	ctx_init(&ctx);
	assert_int_equal(scenario_load(&ctx, path, &options, &scenario), OK);
	assert_int_equal(scenario.journey_count, 2);
	assert_string_equal(scenario.journeys[1].name, "b");
	assert_true(scenario.journeys[1].weight == 4);
	assert_string_equal(scenario.journeys[1].steps.items[0].path.pieces[0].text, "/new/");
	assert_true(scenario.missing_count == 2 && scenario.think.least == 2000000 && scenario.timeout_us == 3000000);
	snprintf(path, sizeof path, "%s/loop.yaml", folder);
	assert_int_equal(scenario_load(&ctx, path, &options, &scenario), ERR_BAD_INPUT);
	assert_non_null(strstr(ctx.fault.detail, "too deep"));
	ctx_forgive(&ctx);
	snprintf(path, sizeof path, "%s/none.yaml", folder);
	assert_int_equal(scenario_load(&ctx, path, &options, &scenario), ERR_NOT_FOUND);
	ctx_free(&ctx);
	static const char *const NAMES[] = {"common.yaml", "main.yaml", "loop.yaml"};
	for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, NAMES[i]);
		assert_int_equal(unlink(path), 0);
	}
	assert_int_equal(rmdir(folder), 0);
}

/* What the documents ask (000 "Load testing targets", 001 "Load Testing Scenarios", 002 load_testing_scenarios, 003 §7): users or requests a second
 * at most, how long, and what must hold. Where a document says no time it is the file's own. */
static const struct figures { const char *name; int users; double rate; int seconds; double errors, faults; int p95_ms, p99_ms; } FIGURES[] = {
	{"000-load-test", 100, 200, 600, 0.001, -1, 500, 2000},
	{"001-baseline", 100, 0, 600, 0, -1, 200, 0}, {"001-normal", 1000, 0, 1800, 0.001, -1, 300, 0}, {"001-peak", 2500, 0, 900, 0.01, -1, 500, 0},
	{"001-stress", 5000, 0, 600, -1, 0.001, 0, 0}, {"001-spike", 5000, 0, 1200, 0.001, -1, 300, 0}, {"001-endurance", 1000, 0, 14400, 0.001, -1, 300, 0},
	{"002-normal", 100, 0, 300 + 1800, 0.001, -1, 2000, 0}, {"002-peak", 500, 0, 120 + 900, 0.001, -1, 2000, 0},
	{"002-stress", 1000, 0, 60 + 600, -1, 0.001, 2000, 0}, {"002-endurance", 200, 0, 600 + 14400, 0.001, -1, 2000, 0},
	{"003-normal", 100, 1000 / 60.0, 60 + 1800, 0.005, -1, 0, 0}, {"003-peak", 500, 2000 / 60.0, 60 + 900, 0.005, -1, 0, 0},
	{"003-sustained", 300, 1500 / 60.0, 60 + 3600, 0.005, -1, 0, 0}, {"003-widget", 300, 4000 / 60.0, 600 + 120 + 180, 0.005, -1, 0, 0},
	{"endurance-2h", 100, 200, 7200, 0.001, -1, 500, 2000}};

static void as_the_document_says(const struct scenario *scenario)
{
	const struct figures *figures = FIGURES, *end = FIGURES + sizeof FIGURES / sizeof *FIGURES;
	while (figures < end && strcmp(figures->name, scenario->name))
		figures++;
	assert_true(figures < end);
	double users = 0, rate = 0, seconds = 0;
	for (int i = 0; i < scenario->phase_count; i++) {
		double *most = scenario->phases[i].users ? &users : &rate;
		*most = fmax(*most, fmax(scenario->phases[i].from, scenario->phases[i].to));
		seconds += (double)scenario->phases[i].us / 1e6;
	}
	assert_int_equal(scenario->users, figures->users);
	assert_true(users == (figures->rate > 0 ? 0 : figures->users));
	assert_true(fabs(rate - figures->rate) < 0.05);
	assert_true(fabs(seconds - figures->seconds) < 0.5);
	assert_true(scenario->thresholds.errors == figures->errors && scenario->thresholds.faults == figures->faults);
	assert_int_equal(scenario->thresholds.p95_us, figures->p95_ms * 1000);
	assert_int_equal(scenario->thresholds.p99_us, figures->p99_ms * 1000);
	/* The sessions of sign-in end after an hour. */
	assert_true(scenario->renew_us > 0 && scenario->renew_us < (int64_t)SESSION_ACCESS_S * 1000000);
}

/* Every file of bench/scenarios, with what bench/stage.mjs sets. */
static void the_documents_scenarios(void **state)
{
	static const char *const SET[] = {"widgetKey=w", "serverKey=s", "email=e@x.test", "password=p", "stripePath=/api/v1/stripe/webhook/1", "stripeSecret=k", NULL};
	const struct scenario_options options = {.set = SET, .time_scale = 1, .rate_scale = 1};
	glob_t files;
	char pattern[4096];
	(void)state;
	snprintf(pattern, sizeof pattern, "%s/bench/scenarios/*.yaml", getenv("STOA_ROOT"));
	assert_int_equal(glob(pattern, 0, NULL, &files), 0);
	assert_int_equal(files.gl_pathc, sizeof FIGURES / sizeof *FIGURES + 1);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct ctx ctx;
		struct scenario scenario;
		if (strstr(files.gl_pathv[i], "/common.yaml"))
			continue;
		ctx_init(&ctx);
		if (scenario_load(&ctx, files.gl_pathv[i], &options, &scenario) != OK) {
			print_error("%s\n", ctx.fault.detail);
			_fail(__FILE__, __LINE__);
		}
		const char *file = strrchr(files.gl_pathv[i], '/') + 1;
		assert_int_equal(strlen(scenario.name), strlen(file) - strlen(".yaml"));
		assert_memory_equal(scenario.name, file, strlen(scenario.name));
		assert_true(*scenario.document);
		as_the_document_says(&scenario);
		ctx_free(&ctx);
	}
	globfree(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(refused_with_its_line), cmocka_unit_test(taken_and_scaled), cmocka_unit_test(texts),
		cmocka_unit_test(made_values), cmocka_unit_test(included), cmocka_unit_test(the_documents_scenarios)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
