#include "config.h"

#include "cli/bench/export_parts.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

void export_text(struct buffer *out, const char *text)
{
	buffer_json(out, text, strlen(text));
}

double export_seconds(int64_t us)
{
	return (double)us / 1e6;
}

const char *export_identifier(struct ctx *ctx, const char *text)
{
	char *name = arena_printf(&ctx->arena, "%s%s", isdigit((unsigned char)*text) ? "_" : "", text);
	for (char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at))
			*at = '_';
	return name;
}

const char *export_variable(struct ctx *ctx, const char *name)
{
	char *variable = arena_printf(&ctx->arena, "BENCH_%s", export_identifier(ctx, name));
	for (char *at = variable; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return variable;
}

const char *export_journey(const struct export *export, int journey)
{
	return arena_printf(&export->ctx->arena, "journey_%d_%s", journey + 1, export_identifier(export->ctx, export->scenario->journeys[journey].name));
}

long export_weight(const struct journey *journey)
{
	return lround(fmax(1, journey->weight * 100));
}

void export_pattern(const struct export *export, const struct pattern *pattern)
{
	static const char *const AROUND[] = {[ESCAPE_NONE] = NULL, [ESCAPE_URL] = "url", [ESCAPE_JSON] = "quoted"};
	struct buffer *out = export->out;
	if (!pattern->count)
		buffer_text(out, "\"\"");
	for (int i = 0; i < pattern->count; i++) {
		const struct piece *piece = &pattern->pieces[i];
		buffer_text(out, i ? " + " : "");
		if (piece->text) {
			buffer_json(out, piece->text, piece->length);
			continue;
		}
		const char *around = AROUND[piece->escape];
		buffer_printf(out, "%s%sv(", around ? around : "", around ? "(" : "");
		export_text(out, export->scenario->variables[piece->variable].name);
		buffer_text(out, around ? "))" : ")");
	}
}

/* On one line, so that no text leaves its comment. */
static void comment_write(struct buffer *out, const char *text)
{
	for (; *text; text++)
		buffer_char(out, (unsigned char)*text < ' ' ? ' ' : *text);
}

/* What must and may be given. */
static void write_environment(const struct export *export, const char *comment)
{
	const char *lead = "Environment: ";
	for (int i = 0; i < export->scenario->variable_count; i++) {
		const struct variable *variable = &export->scenario->variables[i];
		if (variable->kind != VARIABLE_SET)
			continue;
		if (*lead != ',')
			buffer_printf(export->out, "\n%s ", comment);
		buffer_printf(export->out, "%s%s%s", lead, export_variable(export->ctx, variable->name), variable->text ? " (has a default)" : "");
		lead = ", ";
	}
}

void export_head(const struct export *export, const char *comment, const char *limits)
{
	const struct scenario *scenario = export->scenario;
	buffer_printf(export->out, "%s ", comment);
	comment_write(export->out, arena_printf(&export->ctx->arena, "%s%s%s, made from %s by stoa bench export: change that, not this.", scenario->name,
		*scenario->document ? ": " : "", scenario->document, export->source));
	for (int i = 0; i < scenario->missing_count; i++) {
		buffer_printf(export->out, "\n%s Not there to be asked: ", comment);
		comment_write(export->out, scenario->missing[i]);
	}
	if (scenario->renew_us)
		buffer_printf(export->out, "\n%s Once is once here, not every %g s: what it captures has to live as long as the run.", comment, export_seconds(scenario->renew_us));
	for (const char *line = limits; *line; line += strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n'))
		buffer_printf(export->out, "\n%s %.*s", comment, (int)strcspn(line, "\n"), line);
	write_environment(export, comment);
	buffer_char(export->out, '\n');
}

static void write_choices(const struct export *export, const struct variable *variable)
{
	buffer_text(export->out, "choose([");
	for (int i = 0; i < variable->choice_count; i++) {
		buffer_text(export->out, i ? ", " : "");
		export_text(export->out, variable->choices[i]);
	}
	buffer_text(export->out, "])");
}

static void write_call(struct buffer *out, const char *function, const char *argument)
{
	buffer_printf(out, "%s(", function);
	export_text(out, argument);
	buffer_char(out, ')');
}

static void write_made(const struct export *export, const struct variable *variable)
{
	static const char *const NOW[] = {[NOW_S] = "s", [NOW_MS] = "ms", [NOW_ISO] = "iso"};
	static const char *const RANGES[] = {[VARIABLE_NUMBER] = "number", [VARIABLE_TEXT] = "letters", [VARIABLE_DAY] = "day"};
	struct buffer *out = export->out;
	switch (variable->kind) {
	case VARIABLE_SET:
		buffer_text(out, "env(");
		export_text(out, export_variable(export->ctx, variable->name));
		if (variable->text) {
			buffer_text(out, ", ");
			export_text(out, variable->text);
		}
		buffer_char(out, ')');
		return;
	case VARIABLE_CAPTURED:
		buffer_text(out, "\"\"");
		return;
	case VARIABLE_SEQUENCE:
		buffer_text(out, "sequence(");
		export_text(out, variable->name);
		buffer_printf(out, ", %" PRId64 ", %" PRId64 ")", variable->least, variable->most);
		return;
	case VARIABLE_NUMBER:
	case VARIABLE_TEXT:
	case VARIABLE_DAY:
		buffer_printf(out, "%s(%" PRId64 ", %" PRId64 ")", RANGES[variable->kind], variable->least, variable->most);
		return;
	case VARIABLE_CHOOSE:
		write_choices(export, variable);
		return;
	case VARIABLE_UUID:
		buffer_printf(out, "uuid(%" PRId64 ")", variable->least);
		return;
	case VARIABLE_EMAIL:
		write_call(out, "email", variable->text);
		return;
	case VARIABLE_NOW:
		write_call(out, "now", NOW[variable->least]);
		return;
	case VARIABLE_HMAC:
		buffer_text(out, "hmac(");
		export_pattern(export, &variable->key);
		buffer_text(out, ", ");
		export_pattern(export, &variable->made);
		buffer_char(out, ')');
		return;
	case VARIABLE_PATTERN:
		export_pattern(export, &variable->made);
	}
}

void export_data(const struct export *export, const char *indent, const char *lead)
{
	for (int i = 0; i < export->scenario->variable_count; i++) {
		const struct variable *variable = &export->scenario->variables[i];
		if (variable->kind == VARIABLE_CAPTURED)
			continue;
		buffer_text(export->out, indent);
		export_text(export->out, variable->name);
		buffer_printf(export->out, ": %s", lead);
		write_made(export, variable);
		buffer_text(export->out, ",\n");
	}
}

static enum method method_of(const char *text)
{
	for (enum method method = METHOD_GET; method <= METHOD_DELETE; method++)
		if (!strcmp(method_text(method), text))
			return method;
	return METHOD_GET;
}

const char *export_route(const struct export *export, const struct step *step, const char **class_out)
{
	struct ctx *ctx = export->ctx;
	const char *path = "", *named = "";
	for (int i = 0; i < step->path.count; i++) {
		const struct piece *piece = &step->path.pieces[i];
		const char *text = piece->text ? arena_memdup(&ctx->arena, piece->text, piece->length) : "0";
		const char *name = piece->text ? text : arena_printf(&ctx->arena, ":%s", export->scenario->variables[piece->variable].name);
		path = arena_printf(&ctx->arena, "%s%s", path, text);
		named = arena_printf(&ctx->arena, "%s%s", named, name);
	}
	path = arena_memdup(&ctx->arena, path, strcspn(path, "?"));
	for (const struct family *const *family = export->families; family && *family; family++) {
		struct pairs pairs;
		unsigned methods;
		const struct route *route = route_match(*family, method_of(step->method), path, ctx, &pairs, &methods);
		if (route) {
			*class_out = target_of(route->class)->text;
			return route->path;
		}
	}
	*class_out = "";
	return arena_memdup(&ctx->arena, named, strcspn(named, "?"));
}

static void write_captures(const struct export *export, const struct step *step)
{
	static const char *const READS[] = {[CAPTURE_POINTER] = "pointer", [CAPTURE_HEADER] = "header", [CAPTURE_BETWEEN] = "around"};
	struct buffer *out = export->out;
	buffer_char(out, '{');
	for (int i = 0; i < step->capture_count; i++) {
		const struct capture *capture = &step->captures[i];
		buffer_text(out, i ? ", " : "");
		export_text(out, export->scenario->variables[capture->variable].name);
		buffer_printf(out, ": %s(", READS[capture->kind]);
		export_text(out, capture->from);
		if (capture->kind == CAPTURE_BETWEEN) {
			buffer_text(out, ", ");
			export_text(out, capture->before);
		}
		buffer_char(out, ')');
	}
	buffer_char(out, '}');
}

void export_ask(const struct export *export, const struct step *step, const char *none, bool method_in_name)
{
	struct buffer *out = export->out;
	const char *class, *route = export_route(export, step, &class);
	export_text(out, step->method);
	buffer_text(out, ", ");
	export_pattern(export, &step->path);
	buffer_text(out, ", {");
	for (int i = 0; i < step->header_count; i++) {
		buffer_text(out, i ? ", " : "");
		export_text(out, step->headers[i].name);
		buffer_text(out, ": ");
		export_pattern(export, &step->headers[i].value);
	}
	if (step->media) {
		buffer_text(out, step->header_count ? ", \"Content-Type\": " : "\"Content-Type\": ");
		export_text(out, step->media);
	}
	buffer_text(out, "}, ");
	if (step->has_body)
		export_pattern(export, &step->body);
	else
		buffer_text(out, none);
	buffer_text(out, ", [");
	for (int i = 0; i < step->expect_count; i++)
		buffer_printf(out, "%s%d", i ? ", " : "", step->expect[i]);
	buffer_text(out, "], ");
	export_text(out, method_in_name ? arena_printf(&export->ctx->arena, "%s %s", step->method, route) : route);
	buffer_text(out, ", ");
	write_captures(export, step);
}

bool export_pause(const struct export *export, const struct steps *steps, int step, double *least_s, double *most_s)
{
	bool own = steps->items[step].pause, between = !own && step + 1 < steps->count && !steps->items[step + 1].pause;
	int64_t least = own ? steps->items[step].think.least : between ? export->scenario->think.least : 0;
	int64_t most = own ? steps->items[step].think.most : between ? export->scenario->think.most : 0;
	*least_s = export_seconds(least);
	*most_s = export_seconds(most);
	return most > 0;
}

double export_journeys_a_request(const struct scenario *scenario)
{
	double weights = 0, requests = 0;
	for (int i = 0; i < scenario->journey_count; i++) {
		weights += scenario->journeys[i].weight;
		requests += scenario->journeys[i].weight * scenario->journeys[i].steps.requests;
	}
	return requests > 0 ? weights / requests : 1;
}

int export_asked(const struct export *export, struct asked **asked_out)
{
	int most = 0, count = 0;
	for (int i = 0; i < export->scenario->journey_count; i++)
		most += export->scenario->journeys[i].steps.count;
	struct asked *asked = arena_array(&export->ctx->arena, (size_t)most + 1, sizeof *asked);
	for (int i = 0; i < export->scenario->journey_count; i++)
		for (int j = 0; j < export->scenario->journeys[i].steps.count; j++) {
			const struct step *step = &export->scenario->journeys[i].steps.items[j];
			if (step->pause)
				continue;
			struct asked next = {.method = step->method};
			next.route = export_route(export, step, &next.class);
			int at = 0;
			while (at < count && (strcmp(asked[at].route, next.route) || strcmp(asked[at].method, next.method)))
				at++;
			if (at == count)
				asked[count++] = next;
		}
	*asked_out = asked;
	return count;
}

static void file_begin(struct export *export, struct export_file *file, const char *name, const char *suffix)
{
	*file = (struct export_file){.name = name, .suffix = suffix};
	export->out = &file->text;
}

int export_write(struct ctx *ctx, enum export_format format, const struct scenario *scenario, const char *source, const char *name,
	const struct family *const *families, struct export_file files_out[EXPORT_FILES])
{
	static const struct { const char *suffix, *module_suffix, *module; void (*write)(const struct export *); } FORMATS[] = {
		[EXPORT_ARTILLERY] = {"yml", "cjs", EXPORT_MODULE_ARTILLERY, export_artillery},
		[EXPORT_LOCUST] = {"py", "py", EXPORT_MODULE_LOCUST, export_locust},
		[EXPORT_K6] = {"js", "js", EXPORT_MODULE_K6, export_k6},
	};
	struct export export = {.ctx = ctx, .scenario = scenario, .source = source, .name = name, .families = families};
	int count = 0;
	file_begin(&export, &files_out[count++], EXPORT_MODULE, FORMATS[format].module_suffix);
	buffer_text(export.out, FORMATS[format].module);
	file_begin(&export, &files_out[count++], name, FORMATS[format].suffix);
	FORMATS[format].write(&export);
	if (format == EXPORT_ARTILLERY) {
		file_begin(&export, &files_out[count++], name, "cjs");
		export_artillery_functions(&export);
	}
	return count;
}
