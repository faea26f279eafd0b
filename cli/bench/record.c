#include "config.h"

#include "cli/bench/record.h"

#include "base/clock.h"
#include "cli/bench/statistics.h"
#include "text/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define X(quantile, name, json) name,
const char *const RECORD_QUANTILE_NAMES[RECORD_QUANTILES] = {RECORD_QUANTILE_LIST(X)};
#undef X
#define X(quantile, name, json) quantile,
static const double QUANTILES[RECORD_QUANTILES] = {RECORD_QUANTILE_LIST(X)};
#undef X
#define X(quantile, name, json) json,
static const char *const MEMBERS[RECORD_QUANTILES] = {RECORD_QUANTILE_LIST(X)};
#undef X

static int route_order(const void *a, const void *b)
{
	const struct record_route *first = a, *second = b;
	int order = strcmp(first->route, second->route);
	return order ? order : strcmp(first->method, second->method);
}

static void route_room(struct ctx *ctx, struct record_route *route, int runs)
{
	double **const lists[] = {&route->requests, &route->errors, &route->answered, &route->ms[0], &route->ms[1], &route->ms[2]};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		*lists[i] = arena_array(&ctx->arena, (size_t)runs, sizeof **lists[i]);
}

/* The route's row in the record, made when there is none. */
static struct record_route *route_in(struct ctx *ctx, struct record *record, const char *method, const char *route, const char *class)
{
	for (int i = 0; i < record->route_count; i++)
		if (!strcmp(record->routes[i].route, route) && !strcmp(record->routes[i].method, method))
			return &record->routes[i];
	struct record_route *row = &record->routes[record->route_count++];
	*row = (struct record_route){.method = method, .route = route, .class = class};
	route_room(ctx, row, record->runs);
	return row;
}

struct record record_of(struct ctx *ctx, const char *label, const struct result *const *runs, int count)
{
	const struct result *first = runs[0];
	struct record record = {.label = label, .scenario = first->scenario, .version = first->version, .target = first->target,
		.kernel = first->machine.kernel, .at_us = first->started_us, .cores = first->machine.cores, .load = first->machine.load,
		.time_scale = first->time_scale, .rate_scale = first->rate_scale, .runs = count};
	int most = 0;
	for (int run = 0; run < count; run++)
		most += runs[run]->route_count;
	record.routes = arena_array(&ctx->arena, (size_t)most + 1, sizeof *record.routes);
	for (int run = 0; run < count; run++)
		for (int i = 0; i < runs[run]->route_count; i++) {
			const struct result_route *from = &runs[run]->routes[i];
			struct record_route *to = route_in(ctx, &record, from->method, from->route, from->class);
			to->requests[run] = (double)from->requests;
			to->errors[run] = (double)result_errors(from);
			to->answered[run] = (double)from->timings->count;
			for (int q = 0; q < RECORD_QUANTILES; q++)
				to->ms[q][run] = (double)timings_quantile(from->timings, QUANTILES[q]) / 1000;
		}
	qsort(record.routes, (size_t)record.route_count, sizeof *record.routes, route_order);
	return record;
}

static void runs_copy(struct record_route *to, int at, const struct record_route *from, int count)
{
	size_t bytes = (size_t)count * sizeof *to->requests;
	memcpy(to->requests + at, from->requests, bytes);
	memcpy(to->errors + at, from->errors, bytes);
	memcpy(to->answered + at, from->answered, bytes);
	for (int q = 0; q < RECORD_QUANTILES; q++)
		memcpy(to->ms[q] + at, from->ms[q], bytes);
}

struct record record_join(struct ctx *ctx, const struct record *first, const struct record *second)
{
	struct record record = *first;
	int more = first->runs + second->runs > RUNS_MOST ? RUNS_MOST - first->runs : second->runs;
	record.runs = first->runs + more;
	record.route_count = 0;
	record.routes = arena_array(&ctx->arena, (size_t)(first->route_count + second->route_count) + 1, sizeof *record.routes);
	for (int i = 0; i < first->route_count; i++) {
		const struct record_route *from = &first->routes[i];
		runs_copy(route_in(ctx, &record, from->method, from->route, from->class), 0, from, first->runs);
	}
	for (int i = 0; i < second->route_count; i++) {
		const struct record_route *from = &second->routes[i];
		runs_copy(route_in(ctx, &record, from->method, from->route, from->class), first->runs, from, more);
	}
	qsort(record.routes, (size_t)record.route_count, sizeof *record.routes, route_order);
	return record;
}

bool record_enough(const struct record *record, const struct record_route *route, int quantile)
{
	for (int run = 0; run < record->runs; run++)
		if (route->answered[run] * (1 - QUANTILES[quantile]) < RECORD_BEYOND - 1e-6 || !(route->ms[quantile][run] > 0))
			return false;
	return true;
}

const char *record_scenario(struct ctx *ctx, const struct record *record)
{
	const char *text = record->scenario;
	if (record->time_scale != 1)
		text = arena_printf(&ctx->arena, "%s, time x %g", text, record->time_scale);
	return record->rate_scale == 1 ? text : arena_printf(&ctx->arena, "%s, rate x %g", text, record->rate_scale);
}

static void write_text(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, "\"%s\":", name);
	buffer_json(out, text, strlen(text));
	buffer_char(out, ',');
}

static void write_runs(struct buffer *out, const char *name, const double *values, int count)
{
	buffer_printf(out, ",\"%s\":[", name);
	for (int i = 0; i < count; i++)
		buffer_printf(out, "%s%.10g", i ? "," : "", values[i]);
	buffer_char(out, ']');
}

void record_line(const struct record *record, struct buffer *out)
{
	char at[CLOCK_TEXT];
	clock_format(record->at_us, at);
	buffer_text(out, "{\"record\":1,");
	write_text(out, "label", record->label);
	write_text(out, "at", at);
	write_text(out, "scenario", record->scenario);
	write_text(out, "version", record->version);
	write_text(out, "target", record->target);
	write_text(out, "kernel", record->kernel);
	buffer_printf(out, "\"cores\":%d,\"load\":%.2f,\"timeScale\":%g,\"rateScale\":%g,\"runs\":%d,\"routes\":[", record->cores, record->load,
		record->time_scale, record->rate_scale, record->runs);
	for (int i = 0; i < record->route_count; i++) {
		const struct record_route *route = &record->routes[i];
		buffer_text(out, i ? ",{" : "{");
		write_text(out, "method", route->method);
		write_text(out, "route", route->route);
		write_text(out, "class", route->class);
		out->length--;
		write_runs(out, "requests", route->requests, record->runs);
		write_runs(out, "errors", route->errors, record->runs);
		write_runs(out, "answered", route->answered, record->runs);
		for (int q = 0; q < RECORD_QUANTILES; q++)
			write_runs(out, MEMBERS[q], route->ms[q], record->runs);
		buffer_char(out, '}');
	}
	buffer_text(out, "]}\n");
}

static enum err read_member(struct ctx *ctx, struct json_object *object, const char *name, enum json_type type, struct json_object **value_out)
{
	if (!json_object_is_type(object, json_type_object) || !json_object_object_get_ex(object, name, value_out) ||
		!json_object_is_type(*value_out, type))
		return fail(ctx, ERR_BAD_INPUT, "not a record of stoa bench: %s is missing or of another type", name);
	return OK;
}

static enum err read_text(struct ctx *ctx, struct json_object *object, const char *name, const char **text_out)
{
	struct json_object *value;
	TRY(read_member(ctx, object, name, json_type_string, &value));
	*text_out = json_object_get_string(value);
	return OK;
}

static enum err number_of(struct ctx *ctx, struct json_object *value, const char *name, double least, double most, double *number_out)
{
	bool number = json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int);
	*number_out = number ? json_object_get_double(value) : 0;
	return number && *number_out >= least && *number_out <= most ? OK :
		fail(ctx, ERR_BAD_INPUT, "not a record of stoa bench: %s is no number from %g to %g", name, least, most);
}

static enum err read_number(struct ctx *ctx, struct json_object *object, const char *name, double least, double most, double *number_out)
{
	struct json_object *value = NULL;
	json_object_object_get_ex(object, name, &value);
	return number_of(ctx, value, name, least, most, number_out);
}

static enum err read_runs(struct ctx *ctx, struct json_object *object, const char *name, int runs, double *values_out)
{
	struct json_object *list;
	TRY(read_member(ctx, object, name, json_type_array, &list));
	if (json_object_array_length(list) != (size_t)runs)
		return fail(ctx, ERR_BAD_INPUT, "not a record of stoa bench: %s has not one number for each of %d runs", name, runs);
	for (int i = 0; i < runs; i++)
		TRY(number_of(ctx, json_object_array_get_idx(list, (size_t)i), name, 0, 1e15, &values_out[i]));
	return OK;
}

static enum err read_route(struct ctx *ctx, struct json_object *object, int runs, struct record_route *route)
{
	TRY(read_text(ctx, object, "method", &route->method));
	TRY(read_text(ctx, object, "route", &route->route));
	TRY(read_text(ctx, object, "class", &route->class));
	route_room(ctx, route, runs);
	TRY(read_runs(ctx, object, "requests", runs, route->requests));
	TRY(read_runs(ctx, object, "errors", runs, route->errors));
	TRY(read_runs(ctx, object, "answered", runs, route->answered));
	for (int q = 0; q < RECORD_QUANTILES; q++)
		TRY(read_runs(ctx, object, MEMBERS[q], runs, route->ms[q]));
	return OK;
}

static enum err read_record(struct ctx *ctx, const char *text, size_t bytes, struct record *record)
{
	struct json_object *root, *routes;
	const char *at;
	double version, cores, runs;
	TRY(json_read(ctx, text, bytes, JSON_DEPTH, &root));
	if (!json_object_is_type(root, json_type_object))
		return fail(ctx, ERR_BAD_INPUT, "not a record of stoa bench: no object");
	TRY(read_number(ctx, root, "record", 1, 1, &version));
	TRY(read_text(ctx, root, "label", &record->label));
	TRY(read_text(ctx, root, "at", &at));
	if (!clock_parse(at, &record->at_us))
		return fail(ctx, ERR_BAD_INPUT, "not a record of stoa bench: at is no time");
	TRY(read_text(ctx, root, "scenario", &record->scenario));
	TRY(read_text(ctx, root, "version", &record->version));
	TRY(read_text(ctx, root, "target", &record->target));
	TRY(read_text(ctx, root, "kernel", &record->kernel));
	TRY(read_number(ctx, root, "cores", 1, 1e6, &cores));
	TRY(read_number(ctx, root, "load", 0, 1e6, &record->load));
	TRY(read_number(ctx, root, "timeScale", 1e-6, 1e6, &record->time_scale));
	TRY(read_number(ctx, root, "rateScale", 1e-6, 1e6, &record->rate_scale));
	TRY(read_number(ctx, root, "runs", 1, RUNS_MOST, &runs));
	record->cores = (int)cores;
	record->runs = (int)runs;
	TRY(read_member(ctx, root, "routes", json_type_array, &routes));
	record->route_count = (int)json_object_array_length(routes);
	record->routes = arena_array(&ctx->arena, (size_t)record->route_count + 1, sizeof *record->routes);
	for (int i = 0; i < record->route_count; i++)
		TRY(read_route(ctx, json_object_array_get_idx(routes, (size_t)i), record->runs, &record->routes[i]));
	return OK;
}

static enum err line_failed(struct ctx *ctx, int line)
{
	struct fault fault = ctx->fault;
	ctx_forgive(ctx);
	return fail(ctx, ERR_BAD_INPUT, "line %d: %.200s", line, fault.detail);
}

enum err history_read(struct ctx *ctx, const char *text, size_t bytes, struct history *history_out)
{
	int lines = 0, line = 0;
	for (size_t i = 0; i < bytes; i++)
		lines += text[i] == '\n';
	*history_out = (struct history){.records = arena_array(&ctx->arena, (size_t)lines + 1, sizeof *history_out->records)};
	for (const char *at = text, *end = text + bytes, *feed; at < end; at = feed + 1) {
		line++;
		feed = memchr(at, '\n', (size_t)(end - at));
		if (!feed)
			return fail(ctx, ERR_BAD_INPUT, "line %d: it does not end with a line feed, so that it may be cut short", line);
		if (read_record(ctx, at, (size_t)(feed - at), &history_out->records[history_out->count++]) != OK)
			return line_failed(ctx, line);
	}
	return OK;
}

enum err history_load(struct ctx *ctx, const char *path, struct history *history_out)
{
	const char *text;
	size_t bytes;
	TRY(result_slurp(ctx, path, &text, &bytes));
	if (history_read(ctx, text, bytes, history_out) == OK)
		return OK;
	struct fault fault = ctx->fault;
	ctx_forgive(ctx);
	return fail(ctx, ERR_BAD_INPUT, "%.80s, %.160s", path, fault.detail);
}

static enum err history_open(struct ctx *ctx, const char *path, int *fd_out)
{
	*fd_out = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	return *fd_out >= 0 ? OK : fail(ctx, ERR_INTERNAL, "%.100s: cannot be added to: %s", path, strerror(errno));
}

enum err history_ready(struct ctx *ctx, const char *path)
{
	struct history history;
	int fd;
	if (history_load(ctx, path, &history) != OK) {
		if (ctx->fault.err != ERR_NOT_FOUND)
			return ctx->fault.err;
		ctx_forgive(ctx);
	}
	TRY(history_open(ctx, path, &fd));
	close(fd);
	return OK;
}

/* In one go, unless the disk is full. */
static bool write_whole(int fd, const struct buffer *line)
{
	for (size_t done = 0; done < line->length;) {
		ssize_t written = write(fd, line->data + done, line->length - done);
		if (written < 0 && errno != EINTR)
			return false;
		done += written > 0 ? (size_t)written : 0;
	}
	return !fsync(fd);
}

enum err history_add(struct ctx *ctx, const char *path, const struct record *record)
{
	struct buffer line = {0};
	struct stat before = {.st_size = -1};
	int fd;
	TRY(history_open(ctx, path, &fd));
	record_line(record, &line);
	bool whole = !line.failed && !fstat(fd, &before) && write_whole(fd, &line);
	int reason = line.failed ? EFBIG : errno;
	/* Half a line would spoil the file, and what is added next. */
	if (!whole && before.st_size >= 0 && ftruncate(fd, before.st_size))
		reason = errno;
	close(fd);
	buffer_free(&line);
	return whole ? OK : fail(ctx, ERR_INTERNAL, "%.100s: cannot be added to: %s", path, strerror(reason));
}

enum err history_find(struct ctx *ctx, const struct history *history, const char *label, const char *scenario, struct record *record_out)
{
	*record_out = (struct record){0};
	for (int i = 0; i < history->count; i++) {
		const struct record *record = &history->records[i];
		if (strcmp(record->label, label) || strcmp(record_scenario(ctx, record), scenario))
			continue;
		if (record_out->runs && record_out->cores != record->cores)
			return fail(ctx, ERR_CONFLICT, "%.60s of %.60s was recorded on %d cores and on %d: that is not one", label, scenario, record_out->cores,
				record->cores);
		*record_out = record_out->runs ? record_join(ctx, record_out, record) : *record;
	}
	return OK;
}
