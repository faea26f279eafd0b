#include "config.h"

#include "cli/bench/export_parts.h"
#include "cli/bench/report.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const char LIMITS[] =
	"Artillery was not run here: this file is checked as YAML and against a stand-in for Artillery, its functions as JavaScript. Every virtual user is one\n"
	"pass through a journey, with the steps of setup before it, which count. Artillery keeps no number of users: a phase of users lets as many in a\n"
	"second, and no more at once. Every phase counts, measured or not; arrivals come in equal distances; faults (errors without refusals) and a class's share\n"
	"of requests within its goal are not checked. Run: NAME=VALUE … artillery run --target http://127.0.0.1:8080 FILE.yml";

/* "pause_500_3000": 0.5 to 3 seconds. */
static const char *pause_name(struct ctx *ctx, double least, double most)
{
	return arena_printf(&ctx->arena, "pause_%.0f_%.0f", 1000 * least, 1000 * most);
}

/* The text with {{ name }} in it, as a quoted text of YAML. */
static void write_pattern(const struct export *export, const struct pattern *pattern)
{
	static const char *const FORMS[] = {[ESCAPE_NONE] = "", [ESCAPE_URL] = "_url", [ESCAPE_JSON] = "_json"};
	struct buffer text = {0};
	for (int i = 0; i < pattern->count; i++) {
		const struct piece *piece = &pattern->pieces[i];
		if (!piece->text) {
			buffer_printf(&text, "{{ %s%s }}", export_identifier(export->ctx, export->scenario->variables[piece->variable].name), FORMS[piece->escape]);
			continue;
		}
		/* Artillery takes a third brace for its own; in JSON, where an object ends so, a space is nothing. */
		if (i && *piece->text == '}')
			buffer_char(&text, ' ');
		buffer_add(&text, piece->text, piece->length);
	}
	buffer_json(export->out, text.data ? text.data : "", text.length);
	buffer_free(&text);
}

/* "/a/b~1c/0" is "$['a']['b/c'][0]". */
static const char *json_path(struct ctx *ctx, const char *pointer)
{
	struct buffer path = {0};
	buffer_char(&path, '$');
	for (const char *part = pointer; *part == '/';) {
		size_t length = strcspn(++part, "/");
		bool index = length && strspn(part, "0123456789") >= length;
		buffer_text(&path, index ? "[" : "['");
		for (size_t i = 0; i < length; i++) {
			bool escaped = part[i] == '~' && i + 1 < length;
			buffer_char(&path, !escaped ? part[i] : part[++i] == '1' ? '/' : '~');
		}
		buffer_text(&path, index ? "]" : "']");
		part += length;
	}
	const char *text = arena_memdup(&ctx->arena, path.data, path.length);
	buffer_free(&path);
	return text;
}

static void add_literal(struct buffer *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\^$.|?*+()[]{}/", *text))
			buffer_char(out, '\\');
		buffer_char(out, *text);
	}
}

/* Its kind; out gets the expression. */
static const char *capture_kind(const struct export *export, const struct capture *capture, struct buffer *out)
{
	switch (capture->kind) {
	case CAPTURE_BETWEEN:
		/* What is matched is what is captured: how a group is chosen differs between versions. */
		buffer_text(out, "(?<=");
		add_literal(out, capture->from);
		buffer_text(out, ")[\\s\\S]*?(?=");
		add_literal(out, capture->before);
		buffer_char(out, ')');
		return "regexp";
	case CAPTURE_HEADER:
		/* As Node.js names them. */
		for (const char *at = capture->from; *at; at++)
			buffer_char(out, (char)tolower((unsigned char)*at));
		return "header";
	case CAPTURE_POINTER:
		break;
	}
	buffer_text(out, json_path(export->ctx, capture->from));
	return "json";
}

static void write_captures(const struct export *export, const struct step *step)
{
	struct buffer *out = export->out;
	for (int i = 0; i < step->capture_count; i++) {
		const struct capture *capture = &step->captures[i];
		struct buffer expression = {0};
		const char *kind = capture_kind(export, capture, &expression);
		buffer_printf(out, "%s            - {%s: ", i ? "" : "          capture:\n", kind);
		buffer_json(out, expression.data ? expression.data : "", expression.length);
		buffer_printf(out, ", as: \"%s\"}\n", export_identifier(export->ctx, export->scenario->variables[capture->variable].name));
		buffer_free(&expression);
	}
}

static void write_step(const struct export *export, const struct step *step)
{
	struct buffer *out = export->out;
	const char *class, *route = export_route(export, step, &class);
	char verb[8] = "";
	for (size_t i = 0; step->method[i] && i + 1 < sizeof verb; i++)
		verb[i] = (char)(step->method[i] | 0x20);
	buffer_printf(out, "      - %s:\n          url: ", verb);
	write_pattern(export, &step->path);
	buffer_text(out, "\n          name: ");
	export_text(out, arena_printf(&export->ctx->arena, "%s %s", step->method, route));
	buffer_text(out, "\n          followRedirect: false\n");
	if (step->header_count || step->media)
		buffer_text(out, "          headers:\n");
	for (int i = 0; i < step->header_count; i++) {
		buffer_text(out, "            ");
		export_text(out, step->headers[i].name);
		buffer_text(out, ": ");
		write_pattern(export, &step->headers[i].value);
		buffer_char(out, '\n');
	}
	if (step->media)
		buffer_printf(out, "            \"Content-Type\": \"%s\"\n", step->media);
	if (step->has_body) {
		buffer_text(out, "          body: ");
		write_pattern(export, &step->body);
		buffer_char(out, '\n');
	}
	for (int i = 0; i < step->expect_count; i++)
		buffer_printf(out, "%s%d%s", i ? ", " : "          expect: [{statusCode: [", step->expect[i], i + 1 == step->expect_count ? "]}]\n" : "");
	write_captures(export, step);
	buffer_text(out, "          afterResponse: \"fill\"\n");
}

static void write_flow(const struct export *export, const struct steps *steps)
{
	double least, most;
	for (int i = 0; i < steps->count; i++) {
		if (!steps->items[i].pause)
			write_step(export, &steps->items[i]);
		if (export_pause(export, steps, i, &least, &most))
			buffer_printf(export->out, "      - function: \"%s\"\n", pause_name(export->ctx, least, most));
	}
}

static void write_phase(const struct export *export, const struct phase *phase)
{
	struct buffer *out = export->out;
	double times = phase->users ? 1 : export_journeys_a_request(export->scenario);
	buffer_text(out, "    - {name: ");
	export_text(out, phase->name);
	buffer_printf(out, ", duration: %g, arrivalRate: %g", export_seconds(phase->us), phase->from * times);
	if (phase->from != phase->to)
		buffer_printf(out, ", rampTo: %g", phase->to * times);
	if (phase->users)
		buffer_printf(out, ", maxVusers: %.0f", ceil(fmax(phase->from, phase->to)));
	buffer_text(out, "}\n");
}

static void ensure(struct buffer *out, const char *metric, const char *quantile, double ms)
{
	if (ms <= 0)
		return;
	buffer_printf(out, "        - {");
	struct buffer name = {0};
	buffer_printf(&name, "%s.%s", metric, quantile);
	buffer_json(out, name.data, name.length);
	buffer_printf(out, ": %g}\n", ms);
	buffer_free(&name);
}

static void write_ensure(const struct export *export)
{
	struct buffer limits = {0};
	const struct thresholds *all = &export->scenario->thresholds;
	struct asked *asked;
	int count = all->classes ? export_asked(export, &asked) : 0;
	ensure(&limits, "http.response_time", "p50", (double)all->p50_us / 1000);
	ensure(&limits, "http.response_time", "p95", (double)all->p95_us / 1000);
	ensure(&limits, "http.response_time", "p99", (double)all->p99_us / 1000);
	ensure(&limits, "http.response_time", "p999", (double)all->p999_us / 1000);
	ensure(&limits, "http.response_time", "max", (double)all->max_us / 1000);
	for (int i = 0; i < count; i++) {
		const struct target *target = report_target(asked[i].class);
		const char *metric = arena_printf(&export->ctx->arena, "plugins.metrics-by-endpoint.response_time.%s %s", asked[i].method, asked[i].route);
		if (!target)
			continue;
		ensure(&limits, metric, "p50", target->p50_ms);
		ensure(&limits, metric, "p95", target->p95_ms);
		ensure(&limits, metric, "p99", target->p99_ms);
	}
	buffer_text(export->out, "  plugins:\n    expect: {}\n    metrics-by-endpoint: {useOnlyRequestNames: true}\n    ensure:\n");
	buffer_printf(export->out, "      maxErrorRate: %g\n", all->errors >= 0 ? 100 * all->errors : 100);
	if (limits.length)
		buffer_printf(export->out, "      thresholds:\n%s", limits.data);
	buffer_free(&limits);
}

void export_artillery(const struct export *export)
{
	struct buffer *out = export->out;
	const struct scenario *scenario = export->scenario;
	export_head(export, "#", LIMITS);
	buffer_text(out, "config:\n  target: \"http://127.0.0.1:8080\"\n  processor: ");
	export_text(out, arena_printf(&export->ctx->arena, "./%s.cjs", export->name));
	buffer_printf(out, "\n  http: {timeout: %g}\n  phases:\n", export_seconds(scenario->timeout_us));
	for (int i = 0; i < scenario->phase_count; i++)
		write_phase(export, &scenario->phases[i]);
	write_ensure(export);
	if (scenario->once.count) {
		buffer_text(out, "before:\n  flow:\n      - function: \"draw\"\n");
		write_flow(export, &scenario->once);
	}
	buffer_text(out, "scenarios:\n");
	for (int i = 0; i < scenario->journey_count; i++) {
		buffer_text(out, "  - name: ");
		export_text(out, scenario->journeys[i].name);
		buffer_printf(out, "\n    weight: %ld\n    flow:\n", export_weight(&scenario->journeys[i]));
		if (scenario->setup.count) {
			buffer_text(out, "      - function: \"draw\"\n");
			write_flow(export, &scenario->setup);
		}
		buffer_text(out, "      - function: \"draw\"\n");
		write_flow(export, &scenario->journeys[i].steps);
	}
}

static void write_pauses(const struct export *export, const struct steps *steps, struct buffer *seen)
{
	double least, most;
	for (int i = 0; i < steps->count; i++) {
		if (!export_pause(export, steps, i, &least, &most))
			continue;
		const char *name = arena_printf(&export->ctx->arena, "\t%s: pause(%g, %g),\n", pause_name(export->ctx, least, most), least, most);
		if (seen->data && strstr(seen->data, name))
			continue;
		buffer_text(seen, name);
	}
}

void export_artillery_functions(const struct export *export)
{
	struct buffer *out = export->out, pauses = {0};
	const struct scenario *scenario = export->scenario;
	const char *comma = "";
	export_head(export, "//", "The functions of the Artillery script of the same name.");
	buffer_printf(out, "const { choose, day, email, env, functions, hmac, letters, now, number, pause, quoted, sequence, url, uuid } = require('./%s.cjs');\n\nconst DATA = {\n",
		EXPORT_MODULE);
	export_data(export, "\t", "(v) => ");
	buffer_text(out, "};\nconst CAPTURED = [");
	for (int i = 0; i < scenario->variable_count; i++)
		if (scenario->variables[i].kind == VARIABLE_CAPTURED) {
			buffer_text(out, comma);
			export_text(out, scenario->variables[i].name);
			comma = ", ";
		}
	write_pauses(export, &scenario->once, &pauses);
	write_pauses(export, &scenario->setup, &pauses);
	for (int i = 0; i < scenario->journey_count; i++)
		write_pauses(export, &scenario->journeys[i].steps, &pauses);
	buffer_printf(out, "];\n\nmodule.exports = functions(DATA, CAPTURED, {\n%s});\n", pauses.data ? pauses.data : "");
	buffer_free(&pauses);
}
