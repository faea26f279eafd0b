#include "cli/bench/result.h"

#include "base/clock.h"
#include "text/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const KINDS[] = {[PHASE_RAMP] = "ramp", [PHASE_HOLD] = "hold", [PHASE_SPIKE] = "spike"};

const char *result_phase_kind(enum phase_kind kind)
{
	return KINDS[kind];
}

uint64_t result_errors(const struct result_route *route)
{
	uint64_t sum = 0;
	for (int i = 0; i < route->error_count; i++)
		sum += route->errors[i].count;
	return sum;
}

bool result_refusal(int status)
{
	return status == 429 || status == 503;
}

double result_rate(const struct result *result)
{
	return result->measured_s > 0 ? (double)result->total.requests / result->measured_s : 0;
}

static void write_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, "\"%s\":", name);
	buffer_json(out, text, strlen(text));
	buffer_char(out, ',');
}

static void write_texts(struct buffer *out, const char *name, const char *const *texts, int count)
{
	buffer_printf(out, "\"%s\":[", name);
	for (int i = 0; i < count; i++) {
		if (i)
			buffer_char(out, ',');
		buffer_json(out, texts[i], strlen(texts[i]));
	}
	buffer_char(out, ']');
}

static double quantile_ms(const struct timings *timings, double quantile)
{
	return (double)timings_quantile(timings, quantile) / 1000;
}

static void write_timings(struct buffer *out, const struct timings *timings)
{
	buffer_printf(out, "\"p50Ms\":%.3f,\"p95Ms\":%.3f,\"p99Ms\":%.3f,\"p999Ms\":%.3f,\"maxMs\":%.3f,\"meanMs\":%.3f,\"buckets\":[",
		quantile_ms(timings, 0.5), quantile_ms(timings, 0.95), quantile_ms(timings, 0.99), quantile_ms(timings, 0.999),
		(double)timings->max_us / 1000, timings_mean(timings) / 1000);
	const char *comma = "";
	for (int i = 0; i < TIMINGS_BUCKETS; i++)
		if (timings->buckets[i]) {
			buffer_printf(out, "%s[%" PRId64 ",%" PRIu64 "]", comma, timings_bucket_us(i), timings->buckets[i]);
			comma = ",";
		}
	buffer_text(out, "],");
}

static void write_route(struct buffer *out, const struct result_route *route)
{
	buffer_char(out, '{');
	write_text(out, "method", route->method);
	write_text(out, "route", route->route);
	write_text(out, "class", route->class);
	buffer_printf(out, "\"requests\":%" PRIu64 ",\"errors\":{", route->requests);
	for (int i = 0; i < route->error_count; i++) {
		if (i)
			buffer_char(out, ',');
		buffer_json(out, route->errors[i].what, strlen(route->errors[i].what));
		buffer_printf(out, ":%" PRIu64, route->errors[i].count);
	}
	buffer_text(out, "},");
	write_timings(out, route->timings);
	buffer_printf(out, "\"firstByteP95Ms\":%.3f,", (double)route->first_p95_us / 1000);
	write_text(out, "verdict", route->met ? "met" : "missed");
	write_texts(out, "why", route->why, route->why_count);
	buffer_char(out, '}');
}

static void write_phases(struct buffer *out, const struct result *result)
{
	buffer_text(out, "\"phases\":[");
	for (int i = 0; i < result->phase_count; i++) {
		const struct result_phase *phase = &result->phases[i];
		buffer_text(out, i ? ",{" : "{");
		write_text(out, "name", phase->name);
		write_text(out, "kind", KINDS[phase->kind]);
		buffer_printf(out, "\"from\":%.3f,\"to\":%.3f,\"%s\":%.3f,\"%s\":%.3f}", phase->from_s, phase->to_s,
			phase->users ? "fromUsers" : "fromRate", phase->from, phase->users ? "users" : "rate", phase->to);
	}
	buffer_text(out, "],");
}

static void write_lists(struct buffer *out, const struct result *result)
{
	buffer_text(out, "\"journeys\":[");
	for (int i = 0; i < result->journey_count; i++) {
		const struct result_journey *journey = &result->journeys[i];
		buffer_text(out, i ? ",{" : "{");
		write_text(out, "name", journey->name);
		buffer_printf(out, "\"weight\":%g,\"started\":%" PRIu64 ",\"finished\":%" PRIu64 ",\"failed\":%" PRIu64 "}", journey->weight,
			journey->started, journey->finished, journey->failed);
	}
	buffer_text(out, "],\"timeline\":[");
	for (int i = 0; i < result->second_count; i++) {
		const struct result_second *second = &result->timeline[i];
		buffer_printf(out, "%s{\"second\":%d,\"intended\":%" PRIu64 ",\"sent\":%" PRIu64 ",\"answered\":%" PRIu64 ",\"good\":%" PRIu64 ",\"errors\":%" PRIu64
			",\"p50Ms\":%.3f,\"p95Ms\":%.3f,\"p99Ms\":%.3f,\"inFlight\":%d,\"sessions\":%d}", i ? "," : "", second->second, second->intended,
			second->sent, second->answered, second->good, second->errors, (double)second->p50_us / 1000, (double)second->p95_us / 1000,
			(double)second->p99_us / 1000, second->in_flight, second->sessions);
	}
	buffer_text(out, "],");
	write_texts(out, "missing", result->missing, result->missing_count);
	buffer_char(out, ',');
}

void result_write(const struct result *result, struct buffer *out)
{
	char started[CLOCK_TEXT];
	clock_format(result->started_us, started);
	buffer_text(out, "{\"tool\":\"stoa bench\",");
	write_text(out, "version", result->version);
	write_text(out, "scenario", result->scenario);
	write_text(out, "document", result->document);
	write_text(out, "startedAt", started);
	buffer_printf(out, "\"seconds\":%.3f,\"measuredSeconds\":%.3f,", result->seconds, result->measured_s);
	write_text(out, "target", result->target);
	buffer_printf(out, "\"timeScale\":%g,\"rateScale\":%g,\"interrupted\":%s,\"machine\":{\"cores\":%d,\"load\":%.2f,", result->time_scale,
		result->rate_scale, result->interrupted ? "true" : "false", result->machine.cores, result->machine.load);
	write_text(out, "kernel", result->machine.kernel);
	out->length--;
	buffer_printf(out, "},\"cost\":{\"cpuSeconds\":%.3f,\"requestsPerCpuSecond\":%.0f,\"lateP99Ms\":%.3f,\"lateMaxMs\":%.3f},", result->cost.cpu_s,
		result->cost.requests_per_cpu_s, (double)result->late.p99_us / 1000, (double)result->late.max_us / 1000);
	buffer_printf(out, "\"refusals\":{\"requests\":%" PRIu64 ",\"withoutRetryAfter\":%" PRIu64 ",\"p50Ms\":%.3f,\"p95Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%.3f},",
		result->refusals.count, result->refusals.bare, (double)result->refusals.p50_us / 1000, (double)result->refusals.p95_us / 1000,
		(double)result->refusals.p99_us / 1000, (double)result->refusals.max_us / 1000);
	write_phases(out, result);
	buffer_text(out, "\"routes\":[");
	for (int i = 0; i < result->route_count; i++) {
		if (i)
			buffer_char(out, ',');
		write_route(out, &result->routes[i]);
	}
	buffer_text(out, "],\"total\":");
	write_route(out, &result->total);
	buffer_char(out, ',');
	write_lists(out, result);
	write_text(out, "verdict", result->met ? "met" : "missed");
	write_texts(out, "broken", result->broken, result->broken_count);
	buffer_text(out, "}\n");
}

/* Reading: a member that is missing or of another type is named. */

static enum err member(struct ctx *ctx, struct json_object *object, const char *name, enum json_type type, struct json_object **value_out)
{
	if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, value_out) ||
		!json_object_is_type(*value_out, type))
		return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: %s is missing or of another type", name);
	return OK;
}

static enum err read_text(struct ctx *ctx, struct json_object *object, const char *name, const char **text_out)
{
	struct json_object *value;
	TRY(member(ctx, object, name, json_type_string, &value));
	*text_out = json_object_get_string(value);
	return OK;
}

static enum err read_number(struct ctx *ctx, struct json_object *object, const char *name, double *number_out)
{
	struct json_object *value;
	if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, &value) ||
		(!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int)))
		return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: %s is missing or no number", name);
	*number_out = json_object_get_double(value);
	if (!(*number_out >= 0 && *number_out < 1e15))
		return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: %s is out of range", name);
	return OK;
}

static enum err read_count(struct ctx *ctx, struct json_object *object, const char *name, uint64_t *count_out)
{
	double number;
	TRY(read_number(ctx, object, name, &number));
	*count_out = (uint64_t)number;
	return OK;
}

static enum err read_us(struct ctx *ctx, struct json_object *object, const char *name, int64_t *us_out)
{
	double ms;
	TRY(read_number(ctx, object, name, &ms));
	*us_out = (int64_t)(ms * 1000 + 0.5);
	return OK;
}

/* What results of before do not have: 0. */
static enum err read_later_us(struct ctx *ctx, struct json_object *object, const char *name, int64_t *us_out)
{
	*us_out = 0;
	return json_object_object_get_ex(object, name, NULL) ? read_us(ctx, object, name, us_out) : OK;
}

static enum err read_int(struct ctx *ctx, struct json_object *object, const char *name, int *number_out)
{
	double number;
	TRY(read_number(ctx, object, name, &number));
	*number_out = number > 1e9 ? (int)1e9 : (int)number;
	return OK;
}

static enum err read_verdict(struct ctx *ctx, struct json_object *object, bool *met_out)
{
	const char *text;
	TRY(read_text(ctx, object, "verdict", &text));
	*met_out = !strcmp(text, "met");
	return OK;
}

static enum err read_array(struct ctx *ctx, struct json_object *object, const char *name, size_t bytes, struct json_object **value_out,
	int *count_out, void *items_out)
{
	TRY(member(ctx, object, name, json_type_array, value_out));
	*count_out = (int)json_object_array_length(*value_out);
	void *items = arena_array(&ctx->arena, (size_t)*count_out + 1, bytes);
	memcpy(items_out, &items, sizeof items);
	return OK;
}

static enum err read_texts(struct ctx *ctx, struct json_object *object, const char *name, const char ***texts_out, int *count_out)
{
	struct json_object *list;
	TRY(read_array(ctx, object, name, sizeof **texts_out, &list, count_out, texts_out));
	for (int i = 0; i < *count_out; i++) {
		struct json_object *item = json_object_array_get_idx(list, (size_t)i);
		(*texts_out)[i] = json_object_is_type(item, json_type_string) ? json_object_get_string(item) : "";
	}
	return OK;
}

static enum err read_timings(struct ctx *ctx, struct json_object *object, struct timings **timings_out)
{
	struct json_object *list;
	struct timings *timings = *timings_out = arena_alloc(&ctx->arena, sizeof *timings);
	TRY(member(ctx, object, "buckets", json_type_array, &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *pair = json_object_array_get_idx(list, i);
		if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2)
			return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: a bucket is no pair");
		int64_t us = json_object_get_int64(json_object_array_get_idx(pair, 0)), count = json_object_get_int64(json_object_array_get_idx(pair, 1));
		if (us < 0 || count < 0)
			return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: a bucket is below zero");
		timings_add_many(timings, us, (uint64_t)count);
	}
	double mean_ms;
	TRY(read_us(ctx, object, "maxMs", &timings->max_us));
	TRY(read_number(ctx, object, "meanMs", &mean_ms));
	timings->sum_us = mean_ms * 1000 * (double)timings->count;
	return OK;
}

static enum err read_route(struct ctx *ctx, struct json_object *object, struct result_route *route)
{
	struct json_object *errors;
	TRY(read_text(ctx, object, "method", &route->method));
	TRY(read_text(ctx, object, "route", &route->route));
	TRY(read_text(ctx, object, "class", &route->class));
	TRY(read_count(ctx, object, "requests", &route->requests));
	TRY(member(ctx, object, "errors", json_type_object, &errors));
	route->errors = arena_array(&ctx->arena, (size_t)json_object_object_length(errors) + 1, sizeof *route->errors);
	json_object_object_foreach(errors, name, value)
	{
		(void)value;
		struct result_error *error = &route->errors[route->error_count++];
		error->what = name;
		TRY(read_count(ctx, errors, name, &error->count));
	}
	TRY(read_timings(ctx, object, &route->timings));
	TRY(read_later_us(ctx, object, "firstByteP95Ms", &route->first_p95_us));
	TRY(read_verdict(ctx, object, &route->met));
	return read_texts(ctx, object, "why", &route->why, &route->why_count);
}

static enum err read_phase(struct ctx *ctx, struct json_object *object, struct result_phase *phase)
{
	const char *kind;
	TRY(read_text(ctx, object, "name", &phase->name));
	TRY(read_text(ctx, object, "kind", &kind));
	phase->kind = !strcmp(kind, KINDS[PHASE_RAMP]) ? PHASE_RAMP : !strcmp(kind, KINDS[PHASE_SPIKE]) ? PHASE_SPIKE : PHASE_HOLD;
	TRY(read_number(ctx, object, "from", &phase->from_s));
	TRY(read_number(ctx, object, "to", &phase->to_s));
	phase->users = json_object_object_get_ex(object, "users", NULL);
	TRY(read_number(ctx, object, phase->users ? "fromUsers" : "fromRate", &phase->from));
	return read_number(ctx, object, phase->users ? "users" : "rate", &phase->to);
}

static enum err read_journey(struct ctx *ctx, struct json_object *object, struct result_journey *journey)
{
	TRY(read_text(ctx, object, "name", &journey->name));
	TRY(read_number(ctx, object, "weight", &journey->weight));
	TRY(read_count(ctx, object, "started", &journey->started));
	TRY(read_count(ctx, object, "finished", &journey->finished));
	return read_count(ctx, object, "failed", &journey->failed);
}

static enum err read_second(struct ctx *ctx, struct json_object *object, struct result_second *second)
{
	TRY(read_int(ctx, object, "second", &second->second));
	TRY(read_count(ctx, object, "intended", &second->intended));
	TRY(read_count(ctx, object, "sent", &second->sent));
	TRY(read_count(ctx, object, "answered", &second->answered));
	TRY(read_count(ctx, object, "good", &second->good));
	TRY(read_count(ctx, object, "errors", &second->errors));
	TRY(read_us(ctx, object, "p50Ms", &second->p50_us));
	TRY(read_us(ctx, object, "p95Ms", &second->p95_us));
	TRY(read_us(ctx, object, "p99Ms", &second->p99_us));
	TRY(read_int(ctx, object, "inFlight", &second->in_flight));
	return read_int(ctx, object, "sessions", &second->sessions);
}

#define READ_EACH(root, name, list, count, read) \
	do { \
		struct json_object *array_; \
		TRY(read_array(ctx, (root), (name), sizeof *(list), &array_, &(count), &(list))); \
		for (int i_ = 0; i_ < (count); i_++) \
			TRY(read(ctx, json_object_array_get_idx(array_, (size_t)i_), &(list)[i_])); \
	} while (0)

static enum err read_refusals(struct ctx *ctx, struct json_object *root, struct result *result)
{
	struct json_object *refusals;
	if (!json_object_object_get_ex(root, "refusals", NULL))
		return OK;
	TRY(member(ctx, root, "refusals", json_type_object, &refusals));
	TRY(read_count(ctx, refusals, "requests", &result->refusals.count));
	TRY(read_count(ctx, refusals, "withoutRetryAfter", &result->refusals.bare));
	TRY(read_us(ctx, refusals, "p50Ms", &result->refusals.p50_us));
	TRY(read_us(ctx, refusals, "p95Ms", &result->refusals.p95_us));
	TRY(read_us(ctx, refusals, "p99Ms", &result->refusals.p99_us));
	return read_us(ctx, refusals, "maxMs", &result->refusals.max_us);
}

static enum err read_head(struct ctx *ctx, struct json_object *root, struct result *result)
{
	struct json_object *machine, *cost;
	const char *started;
	TRY(read_text(ctx, root, "version", &result->version));
	TRY(read_text(ctx, root, "scenario", &result->scenario));
	TRY(read_text(ctx, root, "document", &result->document));
	TRY(read_text(ctx, root, "target", &result->target));
	TRY(read_text(ctx, root, "startedAt", &started));
	if (!clock_parse(started, &result->started_us))
		return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: startedAt is no time");
	TRY(read_number(ctx, root, "seconds", &result->seconds));
	result->measured_s = result->seconds;
	if (json_object_object_get_ex(root, "measuredSeconds", NULL))
		TRY(read_number(ctx, root, "measuredSeconds", &result->measured_s));
	TRY(read_number(ctx, root, "timeScale", &result->time_scale));
	TRY(read_number(ctx, root, "rateScale", &result->rate_scale));
	result->interrupted = json_flag(root, "interrupted", false);
	TRY(member(ctx, root, "machine", json_type_object, &machine));
	TRY(read_int(ctx, machine, "cores", &result->machine.cores));
	TRY(read_number(ctx, machine, "load", &result->machine.load));
	TRY(read_text(ctx, machine, "kernel", &result->machine.kernel));
	TRY(member(ctx, root, "cost", json_type_object, &cost));
	TRY(read_number(ctx, cost, "cpuSeconds", &result->cost.cpu_s));
	TRY(read_number(ctx, cost, "requestsPerCpuSecond", &result->cost.requests_per_cpu_s));
	TRY(read_later_us(ctx, cost, "lateP99Ms", &result->late.p99_us));
	return read_later_us(ctx, cost, "lateMaxMs", &result->late.max_us);
}

enum err result_read(struct ctx *ctx, const char *text, size_t bytes, struct result *result_out)
{
	struct json_object *root, *total;
	const char *tool;
	*result_out = (struct result){0};
	TRY(json_read(ctx, text, bytes, JSON_DEPTH, &root));
	TRY(read_text(ctx, root, "tool", &tool));
	if (strcmp(tool, "stoa bench"))
		return fail(ctx, ERR_BAD_INPUT, "not a result of stoa bench: its tool is another");
	TRY(read_head(ctx, root, result_out));
	TRY(read_refusals(ctx, root, result_out));
	READ_EACH(root, "phases", result_out->phases, result_out->phase_count, read_phase);
	READ_EACH(root, "routes", result_out->routes, result_out->route_count, read_route);
	READ_EACH(root, "journeys", result_out->journeys, result_out->journey_count, read_journey);
	READ_EACH(root, "timeline", result_out->timeline, result_out->second_count, read_second);
	TRY(member(ctx, root, "total", json_type_object, &total));
	TRY(read_route(ctx, total, &result_out->total));
	TRY(read_texts(ctx, root, "missing", &result_out->missing, &result_out->missing_count));
	TRY(read_texts(ctx, root, "broken", &result_out->broken, &result_out->broken_count));
	return read_verdict(ctx, root, &result_out->met);
}

enum err result_slurp(struct ctx *ctx, const char *path, const char **text_out, size_t *bytes_out)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return fail(ctx, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
	struct buffer text = {0};
	char part[16384];
	for (size_t got; !text.failed && (got = fread(part, 1, sizeof part, file));)
		buffer_add(&text, part, got);
	bool broken = ferror(file), large = text.failed;
	fclose(file);
	*text_out = arena_memdup(&ctx->arena, text.data ? text.data : "", text.length);
	*bytes_out = text.length;
	buffer_free(&text);
	if (broken)
		return fail(ctx, ERR_NOT_FOUND, "%s cannot be read", path);
	return large ? fail(ctx, ERR_TOO_LARGE, "%s is larger than %zu bytes", path, BUFFER_LIMIT) : OK;
}

enum err result_load(struct ctx *ctx, const char *path, struct result *result_out)
{
	const char *text;
	size_t bytes;
	TRY(result_slurp(ctx, path, &text, &bytes));
	enum err err = result_read(ctx, text, bytes, result_out);
	if (err != OK)
		ctx_explain(ctx, "%s", path);
	return err;
}

enum err result_save(struct ctx *ctx, const char *path, const struct result *result)
{
	struct buffer out = {0};
	result_write(result, &out);
	FILE *file = fopen(path, "we");
	bool good = file && fwrite(out.data, 1, out.length, file) == out.length && !out.failed;
	good = file && !fclose(file) && good;
	buffer_free(&out);
	return good ? OK : fail(ctx, ERR_INTERNAL, "%s cannot be written: %s", path, strerror(errno));
}
