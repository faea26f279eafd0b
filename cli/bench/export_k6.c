#include "config.h"

#include "cli/bench/export_parts.h"
#include "cli/bench/report.h"

#include <math.h>
#include <string.h>

/* k6 counts whole iterations: rates are given for so many seconds. */
#define UNIT_S 1000

static int rate(const struct export *export, double requests)
{
	return (int)lround(requests * export_journeys_a_request(export->scenario) * UNIT_S);
}

static void phase_write(const struct export *export, const struct phase *phase, int index, double start_s)
{
	struct buffer *out = export->out;
	double seconds = export_seconds(phase->us);
	buffer_text(out, "\t\t");
	export_text(out, arena_printf(&export->ctx->arena, "%d_%s", index + 1, export_identifier(export->ctx, phase->name)));
	buffer_printf(out, ": { startTime: '%gs', gracefulStop: TIMEOUT, tags: { measured: '%s' }, ", start_s, phase->measure ? "yes" : "no");
	if (phase->users && phase->from == phase->to)
		buffer_printf(out, "exec: 'user', executor: 'constant-vus', vus: %.0f, duration: '%gs' },\n", ceil(phase->to), seconds);
	else if (phase->users)
		buffer_printf(out, "exec: 'user', executor: 'ramping-vus', startVUs: %.0f, stages: [{ target: %.0f, duration: '%gs' }] },\n", ceil(phase->from),
			ceil(phase->to), seconds);
	else if (phase->from == phase->to)
		buffer_printf(out, "exec: 'pass', executor: 'constant-arrival-rate', rate: %d, timeUnit: '%ds', duration: '%gs', preAllocatedVUs: %d },\n",
			rate(export, phase->to), UNIT_S, seconds, export->scenario->users);
	else
		buffer_printf(out, "exec: 'pass', executor: 'ramping-arrival-rate', startRate: %d, timeUnit: '%ds', stages: [{ target: %d, duration: '%gs' }], "
			"preAllocatedVUs: %d },\n", rate(export, phase->from), UNIT_S, rate(export, phase->to), seconds, export->scenario->users);
}

static void limit(struct buffer *out, const char **comma, const char *quantile, double ms)
{
	if (ms <= 0)
		return;
	buffer_printf(out, "%s'%s<=%g'", *comma, quantile, ms);
	*comma = ", ";
}

static void share_write(struct buffer *out, const char *metric, double most)
{
	if (most >= 0)
		buffer_printf(out, "\t\t'%s{measured:yes}': ['rate<=%g'],\n", metric, most);
}

static void thresholds_write(const struct export *export)
{
	struct buffer *out = export->out;
	const struct thresholds *all = &export->scenario->thresholds;
	struct asked *asked;
	int count = all->classes ? export_asked(export, &asked) : 0;
	const char *comma = "";
	buffer_text(out, "\tthresholds: {\n");
	share_write(out, "errors", all->errors);
	share_write(out, "faults", all->faults);
	if (all->p50_us > 0 || all->p95_us > 0 || all->p99_us > 0 || all->p999_us > 0 || all->max_us > 0) {
		buffer_text(out, "\t\t'http_req_duration{measured:yes}': [");
		limit(out, &comma, "p(50)", (double)all->p50_us / 1000);
		limit(out, &comma, "p(95)", (double)all->p95_us / 1000);
		limit(out, &comma, "p(99)", (double)all->p99_us / 1000);
		limit(out, &comma, "p(99.9)", (double)all->p999_us / 1000);
		limit(out, &comma, "max", (double)all->max_us / 1000);
		buffer_text(out, "],\n");
	}
	for (int i = 0; i < count; i++) {
		const struct target *target = report_target(asked[i].class);
		if (!target)
			continue;
		comma = "";
		buffer_text(out, "\t\t");
		export_text(out, arena_printf(&export->ctx->arena, "http_req_duration{measured:yes,name:%s %s}", asked[i].method, asked[i].route));
		buffer_text(out, ": [");
		limit(out, &comma, "p(50)", target->p50_ms);
		limit(out, &comma, "p(95)", target->p95_ms);
		limit(out, &comma, "p(99)", target->p99_ms);
		buffer_printf(out, "], // %s\n", target->text);
	}
	buffer_text(out, "\t},\n");
}

static void options_write(const struct export *export)
{
	const struct scenario *scenario = export->scenario;
	double start_s = 0;
	buffer_text(export->out, "export const options = {\n\tscenarios: {\n");
	for (int i = 0; i < scenario->phase_count; i++) {
		phase_write(export, &scenario->phases[i], i, start_s);
		start_s += export_seconds(scenario->phases[i].us);
	}
	buffer_text(export->out, "\t},\n");
	thresholds_write(export);
	buffer_printf(export->out, "\tnoCookiesReset: %s,\n};\n\n", scenario->cookies ? "true" : "false");
}

static void steps_write(const struct export *export, const char *function, const struct steps *steps)
{
	struct buffer *out = export->out;
	double least, most;
	buffer_printf(out, "function %s() {\n", function);
	for (int i = 0; i < steps->count; i++) {
		if (!steps->items[i].pause) {
			buffer_text(out, "\tif (!ask(");
			export_ask(export, &steps->items[i], "null", true);
			buffer_text(out, ")) return false;\n");
		}
		if (export_pause(export, steps, i, &least, &most))
			buffer_printf(out, "\tpause(%g, %g);\n", least, most);
	}
	buffer_text(out, "\treturn true;\n}\n");
}

static void script_write(const struct export *export)
{
	struct buffer *out = export->out;
	const struct scenario *scenario = export->scenario;
	buffer_printf(out, "\nconst script = begin({\n\toptions, data: DATA, timeout: TIMEOUT, cookies: %s, think: [%g, %g], once, session,\n\tjourneys: [\n",
		scenario->cookies ? "true" : "false", export_seconds(scenario->think.least), export_seconds(scenario->think.most));
	for (int i = 0; i < scenario->journey_count; i++)
		buffer_printf(out, "\t\t[%g, %s],\n", scenario->journeys[i].weight, export_journey(export, i));
	buffer_text(out, "\t],\n});\n"
		"export function setup() { return script.setup(); }\n"
		"export function pass(shared) { script.pass(shared); }\n"
		"export function user(shared) { script.user(shared); }\n");
}

void export_k6(const struct export *export)
{
	struct buffer *out = export->out;
	const struct scenario *scenario = export->scenario;
	export_head(export, "//", "k6 was not run here: this script is checked as JavaScript and against a stand-in for k6's modules only. A class's share of requests\n"
		"within its goal is not checked; a session's steps of setup count; a journey that finds no user free is not begun, and is no error\n"
		"(dropped_iterations). Arrivals come in equal distances. Run: k6 run -e URL=http://127.0.0.1:8080 -e NAME=VALUE … FILE.js");
	buffer_printf(out, "import { around, ask, begin, choose, day, email, env, header, hmac, letters, now, number, pause, pointer, quoted, sequence, url, uuid, v } from './%s.js';\n\n"
		"const TIMEOUT = '%gs';\n\n", EXPORT_MODULE, export_seconds(scenario->timeout_us));
	options_write(export);
	buffer_text(out, "const DATA = {\n");
	export_data(export, "\t", "(v) => ");
	buffer_text(out, "};\n\n");
	steps_write(export, "once", &scenario->once);
	steps_write(export, "session", &scenario->setup);
	for (int i = 0; i < scenario->journey_count; i++)
		steps_write(export, export_journey(export, i), &scenario->journeys[i].steps);
	script_write(export);
}
