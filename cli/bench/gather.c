/* What a run has seen, counted while it runs and gathered when it is over. */
#include "cli/bench/run.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const ENDINGS[] = {"timeout", "connect", "cut", "malformed", "capture", "busy"};

/* Rows: the route of each step, told from its path with whatever stands in it. */

static const struct route *route_of(struct run *run, const char *method, const char *path)
{
	enum method asked = METHOD_GET;
	for (enum method m = METHOD_GET; m <= METHOD_DELETE; m++)
		if (!strcmp(method_text(m), method))
			asked = m;
	for (const struct family *const *family = run->options->families; family && *family; family++) {
		struct pairs pairs;
		unsigned methods;
		const struct route *route = route_match(*family, asked, path, run->ctx, &pairs, &methods);
		if (route)
			return route;
	}
	return NULL;
}

/* The path as the scenario has it, ":name" for what varies. */
static const char *path_template(struct run *run, const struct pattern *path)
{
	struct buffer text = {0};
	for (int i = 0; i < path->count; i++) {
		const struct piece *piece = &path->pieces[i];
		if (piece->text)
			buffer_add(&text, piece->text, piece->length);
		else
			buffer_printf(&text, ":%s", run->scenario->variables[piece->variable].name);
	}
	const char *kept = arena_memdup(&run->ctx->arena, text.data, strcspn(text.data, "?"));
	buffer_free(&text);
	return kept;
}

static int row_of(struct run *run, const char *method, const char *route, const char *class)
{
	for (int i = 0; i < run->row_count; i++)
		if (!strcmp(run->rows[i]->method, method) && !strcmp(run->rows[i]->route, route))
			return i;
	if (run->row_count == run->row_room) {
		run->row_room = run->row_room ? 2 * run->row_room : 32;
		run->rows = realloc(run->rows, (size_t)run->row_room * sizeof(struct row *));
		if (!run->rows)
			abort();
	}
	struct row *row = run->rows[run->row_count] = calloc(1, sizeof *row);
	if (!row)
		abort();
	row->method = method;
	row->route = route;
	row->class = class;
	return run->row_count++;
}

enum err rows_open(struct run *run, struct steps *steps)
{
	struct draw draw;
	struct value *values = values_new(run->scenario);
	draw_open(&draw, run->scenario);
	for (int i = 0; i < run->scenario->variable_count; i++)
		if (run->scenario->variables[i].kind == VARIABLE_CAPTURED)
			value_set(&values[i], run->sessions[0].values[i].text ? run->sessions[0].values[i].text : "0",
				run->sessions[0].values[i].text ? run->sessions[0].values[i].length : 1);
	for (int i = 0; i < steps->count; i++) {
		struct step *step = &steps->items[i];
		if (step->pause)
			continue;
		struct buffer path = {0};
		values_render(&draw, values, &step->path, &path);
		if (path.data)
			path.data[strcspn(path.data, "?")] = 0;
		const struct route *route = route_of(run, step->method, path.data ? path.data : "");
		step->row = route ? row_of(run, step->method, route->path, target_of(route->class)->text) :
			row_of(run, step->method, path_template(run, &step->path), "");
		buffer_free(&path);
	}
	draw_close(&draw);
	values_free(run->scenario, values);
	return OK;
}

/* Counting. */

static void count(struct run *run, struct row *row, enum ending ending, int64_t took_us)
{
	bool timed = ending == END_GOOD || ending == END_TIMEOUT || ending == END_BUSY;
	run->second.answered += ending < END_TIMEOUT || ending == END_CAPTURE;
	run->second.errors += ending != END_GOOD;
	run->second.good += ending == END_GOOD;
	if (timed)
		timings_add(run->second_timings, took_us);
	if (!row)
		return;
	row->requests++;
	row->endings[ending]++;
	if (timed)
		timings_add(&row->timings, took_us);
}

void run_count(struct run *run, const struct session *session, int row, enum ending ending, int64_t now_us)
{
	struct row *measured = session->measured ? run->rows[row] : NULL;
	count(run, measured, ending, now_us - session->intended_us);
	if (!measured)
		return;
	if (ending == END_GOOD)
		timings_add(&measured->first, session->heard_us - session->intended_us);
	if (result_refusal((int)ending)) {
		timings_add(run->refused, now_us - session->intended_us);
		run->bare_refusals += !session->answer.retry_after;
	}
}

void run_count_busy(struct run *run, int row, int64_t intended_us)
{
	count(run, run_measures(run, intended_us) ? run->rows[row] : NULL, END_BUSY, run->scenario->timeout_us);
}

static void progress(const struct run *run)
{
	const struct result_second *second = &run->second;
	fprintf(run->options->progress, "\r%5d s  meant %6" PRIu64 "/s  answered %6" PRIu64 "/s  errors %5" PRIu64 "  p50 %7.1f ms  p95 %7.1f ms  p99 %7.1f ms"
		"  in flight %5d ", second->second + 1, second->intended, second->answered, second->errors, (double)second->p50_us / 1000,
		(double)second->p95_us / 1000, (double)second->p99_us / 1000, second->in_flight);
	fflush(run->options->progress);
}

void second_end(struct run *run)
{
	struct result_second *second = &run->second;
	int busy = 0;
	for (int i = 0; i < run->session_count; i++)
		busy += run->sessions[i].state != SESSION_FREE;
	second->p50_us = timings_quantile(run->second_timings, 0.5);
	second->p95_us = timings_quantile(run->second_timings, 0.95);
	second->p99_us = timings_quantile(run->second_timings, 0.99);
	second->in_flight = run->in_flight + (int)run->backlog_count;
	second->sessions = busy;
	buffer_add(&run->seconds, second, sizeof *second);
	if (run->options->progress)
		progress(run);
	*second = (struct result_second){.second = second->second + 1};
	*run->second_timings = (struct timings){0};
}

/* Gathering. */

static void gather_errors(struct ctx *ctx, const uint64_t *endings, struct result_route *route)
{
	int kinds = 0;
	for (int i = 1; i < END_COUNT; i++)
		kinds += endings[i] > 0;
	route->errors = arena_array(&ctx->arena, (size_t)kinds + 1, sizeof *route->errors);
	for (int i = 1; i < END_COUNT; i++)
		if (endings[i])
			route->errors[route->error_count++] = (struct result_error){
				i < END_TIMEOUT ? arena_printf(&ctx->arena, "%d", i) : ENDINGS[i - END_TIMEOUT], endings[i]};
}

static void gather_row(struct ctx *ctx, const struct row *row, struct result_route *route)
{
	*route = (struct result_route){.method = row->method, .route = row->route, .class = row->class, .requests = row->requests, .met = true};
	route->timings = arena_alloc(&ctx->arena, sizeof *route->timings);
	*route->timings = row->timings;
	route->first_p95_us = timings_quantile(&row->first, 0.95);
	gather_errors(ctx, row->endings, route);
}

static int by_route(const void *a, const void *b)
{
	const struct row *one = *(struct row *const *)a, *other = *(struct row *const *)b;
	int order = strcmp(one->route, other->route);
	return order ? order : strcmp(one->method, other->method);
}

static void gather_rows(struct run *run, struct result *result)
{
	struct row *all = calloc(1, sizeof *all);
	if (!all)
		abort();
	qsort(run->rows, (size_t)run->row_count, sizeof *run->rows, by_route);
	result->routes = arena_array(&run->ctx->arena, (size_t)run->row_count + 1, sizeof *result->routes);
	all->method = all->route = all->class = "";
	for (int i = 0; i < run->row_count; i++) {
		const struct row *row = run->rows[i];
		all->requests += row->requests;
		for (int at = 0; at < END_COUNT; at++)
			all->endings[at] += row->endings[at];
		timings_merge(&all->timings, &row->timings);
		timings_merge(&all->first, &row->first);
		if (row->requests)
			gather_row(run->ctx, row, &result->routes[result->route_count++]);
	}
	gather_row(run->ctx, all, &result->total);
	free(all);
}

static void gather_phases(struct run *run, struct result *result)
{
	const struct scenario *scenario = run->scenario;
	double at_s = 0, asked_s = (double)(run->end_us - run->start_us) / 1e6;
	result->phases = arena_array(&run->ctx->arena, (size_t)scenario->phase_count, sizeof *result->phases);
	for (; result->phase_count < scenario->phase_count; result->phase_count++) {
		const struct phase *phase = &scenario->phases[result->phase_count];
		double length_s = (double)phase->us / 1e6;
		result->phases[result->phase_count] = (struct result_phase){.name = phase->name, .kind = phase->kind, .from_s = at_s,
			.to_s = at_s + length_s, .users = phase->users, .from = phase->from, .to = phase->to};
		at_s += length_s;
		if (phase->measure)
			result->measured_s += fmax(0, fmin(at_s, asked_s) - (at_s - length_s));
	}
}

static void gather_refusals(const struct run *run, struct result *result)
{
	result->refusals.count = run->refused->count;
	result->refusals.bare = run->bare_refusals;
	result->refusals.p50_us = timings_quantile(run->refused, 0.5);
	result->refusals.p95_us = timings_quantile(run->refused, 0.95);
	result->refusals.p99_us = timings_quantile(run->refused, 0.99);
	result->refusals.max_us = run->refused->max_us;
}

void gather(struct run *run, double cpu_s, struct result *result_out)
{
	const struct scenario *scenario = run->scenario;
	struct arena *arena = &run->ctx->arena;
	struct utsname system;
	uint64_t answered = 0;
	result_out->version = run->options->version;
	result_out->scenario = scenario->name;
	result_out->document = scenario->document;
	result_out->target = run->options->url;
	result_out->seconds = (double)(run->over_us - run->start_us) / 1e6;
	result_out->time_scale = run->options->time_scale;
	result_out->rate_scale = run->options->rate_scale;
	result_out->interrupted = run->interrupted;
	result_out->machine.cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	result_out->machine.kernel = uname(&system) ? "" : arena_strdup(arena, system.release);
	gather_phases(run, result_out);
	gather_rows(run, result_out);
	gather_refusals(run, result_out);
	result_out->journey_count = scenario->journey_count;
	result_out->journeys = arena_array(arena, (size_t)scenario->journey_count, sizeof *run->journeys);
	memcpy(result_out->journeys, run->journeys, (size_t)scenario->journey_count * sizeof *run->journeys);
	result_out->second_count = (int)(run->seconds.length / sizeof *result_out->timeline);
	void *timeline = arena_memdup(arena, run->seconds.data, run->seconds.length);
	result_out->timeline = timeline;
	for (int i = 0; i < result_out->second_count; i++)
		answered += result_out->timeline[i].answered;
	result_out->cost.cpu_s = cpu_s;
	result_out->cost.requests_per_cpu_s = cpu_s > 0 ? (double)answered / cpu_s : 0;
	result_out->late.p99_us = timings_quantile(run->late, 0.99);
	result_out->late.max_us = run->late->max_us;
	result_out->missing = scenario->missing;
	result_out->missing_count = scenario->missing_count;
}
