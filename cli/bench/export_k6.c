#include "config.h"

#include "cli/bench/export_parts.h"
#include "cli/bench/report.h"

#include <math.h>
#include <string.h>

static const char K6_HELPERS[] =
	"const env = (name, fallback) => __ENV[name] ?? fallback;\n"
	"const hmac = (key, text) => crypto.hmac('sha256', key, text, 'hex');\n"
	"const sequence = (name, least, most) => {\n"
	"\tlet at = 0;\n"
	"\ttry { at = exec.scenario.iterationInTest; } catch { /* in setup() there is none */ }\n"
	"\treturn least + (at % (most - least + 1));\n"
	"};\n"
	"const pause = (least, most) => sleep(between(least, most));\n"
	"const header = (wanted) => (reply) => reply.headers[Object.keys(reply.headers).find((name) => name.toLowerCase() === wanted.toLowerCase())];\n"
	"const around = (from, before) => (reply) => {\n"
	"\tconst text = reply.body ?? '', at = text.indexOf(from), end = text.indexOf(before, at + from.length);\n"
	"\treturn at < 0 || end < 0 ? undefined : text.slice(at + from.length, end);\n"
	"};\n"
	"const pointer = (path) => (reply) => {\n"
	"\tlet value;\n"
	"\ttry { value = JSON.parse(reply.body); } catch { return undefined; }\n"
	"\tfor (const part of path.split('/').slice(1)) value = value?.[part.replace(/~1/g, '/').replace(/~0/g, '~')];\n"
	"\treturn value === undefined || value === null || typeof value === 'object' ? undefined : String(value);\n"
	"};\n";

static const char SESSION[] =
	"// A session's captured values stay; made ones are drawn anew for each pass.\n"
	"let captured = null, drawn = {};\n"
	"const v = (name) => {\n"
	"\tif (name in captured) return captured[name];\n"
	"\tif (!(name in drawn)) drawn[name] = name in DATA ? String(DATA[name](v)) : '';\n"
	"\treturn drawn[name];\n"
	"};\n"
	"function ask(method, path, headers, body, expect, name, captures) {\n"
	"\tconst reply = http.request(method, BASE + path, body, { headers, tags: { name }, timeout: TIMEOUT, redirects: 0, ...(COOKIES ? {} : { jar: new http.CookieJar() }),\n"
	"\t\tresponseCallback: http.expectedStatuses(...(expect.length ? expect : [{ min: 200, max: 399 }])) });\n"
	"\tif (!(expect.length ? expect.includes(reply.status) : reply.status >= 200 && reply.status < 400)) return false;\n"
	"\tfor (const [key, read] of Object.entries(captures)) {\n"
	"\t\tconst value = read(reply);\n"
	"\t\tif (!check(value, { [`${name} gives ${key}`]: (found) => found !== undefined })) return false;\n"
	"\t\tcaptured[key] = value;\n"
	"\t}\n"
	"\treturn true;\n"
	"}\n";

static const char PASSES[] =
	"export function setup() {\n"
	"\tcaptured = {};\n"
	"\tif (!once()) throw new Error('the steps of once failed');\n"
	"\treturn captured;\n"
	"}\n"
	"export function pass(shared) {\n"
	"\tdrawn = {};\n"
	"\tif (!captured) {\n"
	"\t\tcaptured = { ...shared };\n"
	"\t\tif (!session()) {\n"
	"\t\t\tcaptured = null;\n"
	"\t\t\treturn;\n"
	"\t\t}\n"
	"\t\tdrawn = {};\n"
	"\t}\n"
	"\tlet at = Math.random() * JOURNEYS.reduce((sum, [weight]) => sum + weight, 0);\n"
	"\t(JOURNEYS.find(([weight]) => (at -= weight) < 0) ?? JOURNEYS[0])[1]();\n"
	"}\n"
	"export function user(shared) {\n"
	"\tpass(shared);\n"
	"\tpause(THINK[0], THINK[1]);\n"
	"}\n";

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

static void thresholds_write(const struct export *export)
{
	struct buffer *out = export->out;
	const struct thresholds *all = &export->scenario->thresholds;
	struct asked *asked;
	int count = all->classes ? export_asked(export, &asked) : 0;
	const char *comma = "";
	buffer_text(out, "\tthresholds: {\n");
	if (all->errors >= 0)
		buffer_printf(out, "\t\t'http_req_failed{measured:yes}': ['rate<=%g'],\n", all->errors);
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

void export_k6(const struct export *export)
{
	struct buffer *out = export->out;
	const struct scenario *scenario = export->scenario;
	export_head(export, "//", "k6 was not run here: this script is checked as JavaScript and against a stand-in for k6's modules only. A class's share of requests\n"
		"within its goal is not checked; a session's steps of setup count. Run: k6 run -e URL=http://127.0.0.1:8080 FILE.js");
	buffer_text(out, "import http from 'k6/http';\nimport crypto from 'k6/crypto';\nimport exec from 'k6/execution';\nimport { check, sleep } from 'k6';\n\n");
	buffer_printf(out, "const BASE = __ENV.URL ?? 'http://127.0.0.1:8080';\nconst TIMEOUT = '%gs';\nconst COOKIES = %s;\nconst THINK = [%g, %g];\n\n",
		export_seconds(scenario->timeout_us), scenario->cookies ? "true" : "false", export_seconds(scenario->think.least), export_seconds(scenario->think.most));
	options_write(export);
	buffer_text(out, EXPORT_JAVASCRIPT);
	buffer_text(out, K6_HELPERS);
	buffer_text(out, "\nconst DATA = {\n");
	export_data(export, "\t", "(v) => ");
	buffer_printf(out, "};\n\n%s\n", SESSION);
	steps_write(export, "once", &scenario->once);
	steps_write(export, "session", &scenario->setup);
	for (int i = 0; i < scenario->journey_count; i++)
		steps_write(export, arena_printf(&export->ctx->arena, "journey_%s", export_identifier(export->ctx, scenario->journeys[i].name)), &scenario->journeys[i].steps);
	buffer_text(out, "const JOURNEYS = [\n");
	for (int i = 0; i < scenario->journey_count; i++)
		buffer_printf(out, "\t[%g, journey_%s],\n", scenario->journeys[i].weight, export_identifier(export->ctx, scenario->journeys[i].name));
	buffer_printf(out, "];\n\n%s", PASSES);
}
