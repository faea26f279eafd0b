#include "observe/profile.h"

#include "web/budget.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One series at one moment. */
struct sample {
	int series; /* of SERIES */
	const char *labels;
	uint64_t count;
	double sum, value, under_target, under_alert; /* the last two: counts of a histogram below the bounds of a pool's wait */
};

struct profile_reading {
	struct ctx *ctx;
	struct sample *rows;
	int count, room;
};

static const struct { const char *name, *text; } PARTS[PROFILE_PARTS] = {
#define X(name, label, text) [name] = {label, text},
	PROFILE_PART_LIST(X)
#undef X
};

const char *profile_part_name(enum profile_part part)
{
	return PARTS[part].name;
}

const char *profile_part_text(enum profile_part part)
{
	return PARTS[part].text;
}

bool profile_statement_is_file(const char *statement)
{
	/* pg/pg.h: a file's statement is named by its family and itself. */
	return strchr(statement, '_') != NULL;
}

const char *profile_statement_file(struct ctx *ctx, const char *statement)
{
	int family = (int)strcspn(statement, "_");
	return profile_statement_is_file(statement) ? arena_printf(&ctx->arena, "sql/%.*s/%s.sql", family, statement, statement + family + 1) : NULL;
}

#define JOB "job:"

bool profile_is_job(const struct profile_route *route)
{
	return !strncmp(route->route, JOB, strlen(JOB));
}

/* A row of room for one more in an array of ctx, zeroed. */
static void *grown(struct ctx *ctx, void *rows, int count, size_t bytes)
{
	if (count & (count - 1) || count == 1) /* room is a power of two, and at least two */
		return rows;
	char *more = arena_array(&ctx->arena, count ? 2 * (size_t)count : 2, bytes);
	if (count)
		memcpy(more, rows, (size_t)count * bytes);
	return more;
}

/* --- rows by their names --- */

/* Rows that their first bytes tell apart, zeroed behind their text. */
struct keyed {
	size_t bytes, key; /* of a row, of what tells it apart */
	void *rows;
	int count;
	int *places;       /* open addressing: the row's number and one, or 0 */
	size_t room;       /* a power of two, at most half of it used */
};

static void *row_at(const struct keyed *keyed, int at)
{
	return (char *)keyed->rows + (size_t)at * keyed->bytes;
}

static size_t place_of(const struct keyed *keyed, const void *row)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
	for (size_t i = 0; i < keyed->key; i++)
		hash = (hash ^ ((const unsigned char *)row)[i]) * UINT64_C(0x100000001b3);
	size_t place = (size_t)(hash ^ hash >> 32) & (keyed->room - 1);
	while (keyed->places[place] && memcmp(row_at(keyed, keyed->places[place] - 1), row, keyed->key) != 0)
		place = (place + 1) & (keyed->room - 1);
	return place;
}

static void keyed_grow(struct ctx *ctx, struct keyed *keyed)
{
	const void *rows = keyed->rows;
	keyed->room = keyed->room ? 2 * keyed->room : 64;
	keyed->rows = arena_array(&ctx->arena, keyed->room / 2, keyed->bytes);
	keyed->places = arena_array(&ctx->arena, keyed->room, sizeof *keyed->places);
	if (keyed->count)
		memcpy(keyed->rows, rows, (size_t)keyed->count * keyed->bytes);
	for (int i = 0; i < keyed->count; i++)
		keyed->places[place_of(keyed, row_at(keyed, i))] = i + 1;
}

/* NULL: there is none. */
static void *keyed_find(const struct keyed *keyed, const void *row)
{
	int number = keyed->count ? keyed->places[place_of(keyed, row)] : 0;
	return number ? row_at(keyed, number - 1) : NULL;
}

/* The one like row, which is copied when there is none. Those of before may move. */
static void *keyed_row(struct ctx *ctx, struct keyed *keyed, const void *row)
{
	if (2 * (size_t)keyed->count >= keyed->room)
		keyed_grow(ctx, keyed);
	size_t place = place_of(keyed, row);
	if (!keyed->places[place]) {
		memcpy(row_at(keyed, keyed->count), row, keyed->bytes);
		keyed->places[place] = ++keyed->count;
	}
	return row_at(keyed, keyed->places[place] - 1);
}

#define KEYED(type, last) {.bytes = sizeof(type), .key = offsetof(type, last) + sizeof((type *)0)->last}
#define KEYED_ROUTES KEYED(struct profile_route, route)

/* --- reading --- */

static int series_of(const char *name);
static bool series_is_gauge(int series);

static void sample_take(void *argument, const struct metric_value *metric)
{
	struct profile_reading *reading = argument;
	int series = series_of(metric->name);
	if (series < 0 || (!metric->count && !series_is_gauge(series)))
		return;
	reading->rows = grown(reading->ctx, reading->rows, reading->count, sizeof *reading->rows);
	struct sample *sample = &reading->rows[reading->count++];
	*sample = (struct sample){.series = series, .labels = arena_strdup(&reading->ctx->arena, metric->labels), .count = metric->count,
		.sum = metric->sum_s, .value = metric->value};
	if (metric->kind != METRIC_HISTOGRAM || strcmp(metric->name, "stoa_pool_wait_seconds") != 0)
		return;
	const struct bound *bound = bound_of(BOUND_POOL_WAIT);
	sample->under_target = histogram_under(metric->histogram, (int64_t)(bound->target * 1e6));
	sample->under_alert = histogram_under(metric->histogram, (int64_t)(bound->alert * 1e6));
}

static int sample_order(const void *one, const void *other)
{
	const struct sample *a = one, *b = other;
	return a->series != b->series ? a->series - b->series : strcmp(a->labels, b->labels);
}

struct profile_reading *profile_read(struct ctx *ctx)
{
	struct profile_reading *reading = arena_alloc(&ctx->arena, sizeof *reading);
	reading->ctx = ctx;
	metric_each("stoa_", sample_take, reading);
	if (reading->count)
		qsort(reading->rows, (size_t)reading->count, sizeof *reading->rows, sample_order);
	return reading;
}

/* Gauges are as they are now. */
static struct sample difference(const struct profile_reading *before, const struct sample *now)
{
	struct sample sample = *now;
	const struct sample *was = before && before->count ? bsearch(now, before->rows, (size_t)before->count, sizeof *now, sample_order) : NULL;
	if (!was || was->count > now->count)
		return sample;
	sample.count -= was->count;
	sample.sum -= was->sum;
	sample.under_target -= was->under_target;
	sample.under_alert -= was->under_alert;
	return sample;
}

/* --- making --- */

struct making {
	struct ctx *ctx;
	struct profile *profile;
	struct keyed routes, spaces, programs;
	double reads, read_seconds;
};

static struct profile_route *route_of(struct making *making, const char *labels)
{
	struct profile_route wanted = {0};
	metric_label(labels, "method", wanted.method, sizeof wanted.method);
	metric_label(labels, "route", wanted.route, sizeof wanted.route);
	return keyed_row(making->ctx, &making->routes, &wanted);
}

static struct profile_program *program_of(struct making *making, const char *labels)
{
	struct profile_program wanted = {0};
	metric_label(labels, "program", wanted.name, sizeof wanted.name);
	return keyed_row(making->ctx, &making->programs, &wanted);
}

static void duration_add(struct making *making, const struct sample *sample)
{
	struct profile_route *route = route_of(making, sample->labels);
	char class[24];
	metric_label(sample->labels, "class", class, sizeof class);
	for (enum latency_class at = CLASS_UNSET + 1; at < CLASS_COUNT; at++)
		if (!strcmp(target_of(at)->text, class))
			route->target = target_of(at);
	route->requests += sample->count;
	route->seconds += sample->sum;
}

static void job_add(struct making *making, const struct sample *sample)
{
	struct profile_route wanted = {.route = JOB};
	metric_label(sample->labels, "kind", wanted.route + strlen(JOB), sizeof wanted.route - strlen(JOB));
	struct profile_route *route = keyed_row(making->ctx, &making->routes, &wanted);
	route->requests += sample->count;
	route->seconds += sample->sum;
}

static void part_add(struct making *making, const struct sample *sample)
{
	struct profile_route *route = route_of(making, sample->labels);
	char name[16];
	metric_label(sample->labels, "part", name, sizeof name);
	if (!strcmp(name, "cpu") && sample->count) {
		route->cpu = sample->sum;
		route->looked = sample->count;
	}
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++)
		if (!strcmp(PARTS[part].name, name))
			route->parts[part] += sample->sum;
}

static void statement_add(struct making *making, const struct sample *sample)
{
	struct profile *profile = making->profile;
	struct profile_statement statement = {.count = sample->count, .seconds = sample->sum};
	metric_label(sample->labels, "statement", statement.name, sizeof statement.name);
	metric_label(sample->labels, "method", statement.method, sizeof statement.method);
	metric_label(sample->labels, "route", statement.route, sizeof statement.route);
	route_of(making, sample->labels)->statements += (double)sample->count;
	profile->statements = grown(making->ctx, profile->statements, profile->statement_count, sizeof statement);
	profile->statements[profile->statement_count++] = statement;
}

static void lookup_add(struct making *making, const struct sample *sample)
{
	struct profile_space wanted = {0};
	char result[16];
	metric_label(sample->labels, "space", wanted.name, sizeof wanted.name);
	struct profile_space *space = keyed_row(making->ctx, &making->spaces, &wanted);
	metric_label(sample->labels, "result", result, sizeof result);
	if (!strcmp(result, "local"))
		space->local += sample->count;
	else if (!strcmp(result, "shared"))
		space->shared += sample->count;
	else
		space->missed += sample->count;
}

static void pool_add(struct making *making, const struct sample *sample)
{
	struct profile_program *program = program_of(making, sample->labels);
	char state[16];
	metric_label(sample->labels, "state", state, sizeof state);
	if (!strcmp(state, "size"))
		program->size = (int64_t)sample->value;
	else if (!strcmp(state, "used"))
		program->used = (int64_t)sample->value;
	else if (!strcmp(state, "waiting"))
		program->waiting = (int64_t)sample->value;
}

static void wait_add(struct making *making, const struct sample *sample)
{
	struct profile_program *program = program_of(making, sample->labels);
	program->waits = sample->count;
	program->under_target = sample->count ? sample->under_target / (double)sample->count : 1;
	program->under_alert = sample->count ? sample->under_alert / (double)sample->count : 1;
}

static void in_flight_add(struct making *making, const struct sample *sample)
{
	program_of(making, sample->labels)->in_flight = (int64_t)sample->value;
}

static void queued_add(struct making *making, const struct sample *sample)
{
	program_of(making, sample->labels)->queued = (int64_t)sample->value;
}

static void shed_add(struct making *making, const struct sample *sample)
{
	struct profile_program *program = program_of(making, sample->labels);
	char reason[16];
	metric_label(sample->labels, "reason", reason, sizeof reason);
	*(strcmp(reason, "brownout") ? &program->shed : &program->switched_off) += sample->count;
}

static void connect_add(struct making *making, const struct sample *sample)
{
	char result[16];
	metric_label(sample->labels, "result", result, sizeof result);
	if (!strcmp(result, "connected"))
		making->profile->connects += (double)sample->count;
}

static void read_add(struct making *making, const struct sample *sample)
{
	char type[16];
	metric_label(sample->labels, "type", type, sizeof type);
	if (strcmp(type, "select") != 0)
		return;
	making->reads += (double)sample->count;
	making->read_seconds += sample->sum;
}

static const struct { const char *name; void (*add)(struct making *making, const struct sample *sample); bool gauge; } SERIES[] = {
	{"stoa_http_request_duration_seconds", duration_add, false}, {"stoa_job_duration_seconds", job_add, false},
	{"stoa_http_request_part_seconds", part_add, false},
	{"stoa_statement_seconds", statement_add, false}, {"stoa_cache_lookups_total", lookup_add, false},
	{"stoa_pool_connections", pool_add, true}, {"stoa_pool_wait_seconds", wait_add, false}, {"stoa_in_flight", in_flight_add, true},
	{"stoa_queued", queued_add, true}, {"stoa_shed_total", shed_add, false}, {"stoa_db_query_duration_seconds", read_add, false},
	{"stoa_db_connects_total", connect_add, false}};

static int series_of(const char *name)
{
	for (size_t series = 0; series < sizeof SERIES / sizeof *SERIES; series++)
		if (!strcmp(SERIES[series].name, name))
			return (int)series;
	return -1;
}

static bool series_is_gauge(int series)
{
	return SERIES[series].gauge;
}

static int route_order(const void *one, const void *other)
{
	const struct profile_route *a = one, *b = other;
	return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

static int statement_order(const void *one, const void *other)
{
	const struct profile_statement *a = one, *b = other;
	return (a->seconds < b->seconds) - (a->seconds > b->seconds);
}

/* Processor time is looked at in some requests only (metric/work.h). No thread works for a request that waits for one. */
static void cpu_spread(struct profile_route *route)
{
	double whole = fmax(route->seconds - route->parts[PART_ACCEPT], 0) + route->parts[PART_WRITE];
	route->cpu = route->looked ? fmin(route->cpu / (double)route->looked * (double)route->requests, whole) : -1;
}

/* What nobody asked for in the span says nothing. */
static void profile_settle(struct profile *profile)
{
	int kept = 0;
	for (int i = 0; i < profile->route_count; i++)
		if (profile->routes[i].requests || profile->routes[i].statements > 0) {
			cpu_spread(&profile->routes[i]);
			profile->routes[kept++] = profile->routes[i];
		}
	profile->route_count = kept;
	for (int i = kept = 0; i < profile->statement_count; i++)
		if (profile->statements[i].count)
			profile->statements[kept++] = profile->statements[i];
	profile->statement_count = kept;
}

static struct keyed routes_keyed(struct ctx *ctx, const struct profile *profile)
{
	struct keyed routes = KEYED_ROUTES;
	for (int i = 0; i < profile->route_count; i++) {
		struct profile_route *route = keyed_row(ctx, &routes, &profile->routes[i]);
		route->dearest = NULL;
	}
	return routes;
}

static struct profile_route *route_like(const struct keyed *routes, const char *method, const char *path)
{
	struct profile_route wanted = {0};
	snprintf(wanted.method, sizeof wanted.method, "%s", method);
	snprintf(wanted.route, sizeof wanted.route, "%s", path);
	return keyed_find(routes, &wanted);
}

static void statements_sort(struct profile_statement *statements, int count)
{
	if (count)
		qsort(statements, (size_t)count, sizeof *statements, statement_order);
}

static void sums_make(struct ctx *ctx, struct profile *profile)
{
	struct keyed sums = KEYED(struct profile_statement, name);
	for (int i = 0; i < profile->statement_count; i++) {
		const struct profile_statement *statement = &profile->statements[i];
		int before = sums.count;
		struct profile_statement *sum = keyed_row(ctx, &sums, statement);
		sum->next = NULL;
		if (sums.count > before)
			continue;
		sum->count += statement->count;
		sum->seconds += statement->seconds;
	}
	profile->sums = sums.rows;
	profile->sum_count = sums.count;
	statements_sort(profile->sums, profile->sum_count);
}

void profile_arrange(struct ctx *ctx, struct profile *profile)
{
	if (profile->route_count)
		qsort(profile->routes, (size_t)profile->route_count, sizeof *profile->routes, route_order);
	statements_sort(profile->statements, profile->statement_count);
	sums_make(ctx, profile);
	struct keyed routes = routes_keyed(ctx, profile);
	profile->routes = routes.rows;
	/* From the last one on, so that each list begins with the dearest. */
	for (int i = profile->statement_count - 1; i >= 0; i--) {
		struct profile_statement *statement = &profile->statements[i];
		struct profile_route *route = route_like(&routes, statement->method, statement->route);
		if (!route)
			continue;
		statement->next = route->dearest;
		route->dearest = statement;
	}
}

static void budget_take(void *argument, const struct budget_use *use)
{
	struct making *making = argument;
	struct profile_route *route = use->budget == BUDGET_QUERIES ? route_like(&making->routes, use->method, use->route) : NULL;
	if (route)
		route->budget = use->most;
}

struct profile *profile_make(struct ctx *ctx, const struct profile_reading *before, const struct profile_reading *now, double span)
{
	struct profile *profile = arena_alloc(&ctx->arena, sizeof *profile);
	struct making making = {.ctx = ctx, .profile = profile, .routes = KEYED_ROUTES, .spaces = KEYED(struct profile_space, name),
		.programs = KEYED(struct profile_program, name)};
	profile->span = span;
	for (int i = 0; i < now->count; i++) {
		struct sample sample = difference(SERIES[now->rows[i].series].gauge ? NULL : before, &now->rows[i]);
		SERIES[sample.series].add(&making, &sample);
	}
	budget_each(budget_take, &making);
	profile->select_seconds = making.reads > 0 ? making.read_seconds / making.reads : 0;
	profile->routes = making.routes.rows;
	profile->route_count = making.routes.count;
	profile->spaces = making.spaces.rows;
	profile->space_count = making.spaces.count;
	profile->programs = making.programs.rows;
	profile->program_count = making.programs.count;
	profile_settle(profile);
	profile_arrange(ctx, profile);
	return profile;
}

const struct profile_route *profile_route_find(const struct profile *profile, const char *route)
{
	for (int i = 0; i < profile->route_count; i++) {
		const struct profile_route *at = &profile->routes[i];
		size_t method = strlen(at->method);
		if (method ? !strncmp(route, at->method, method) && route[method] == ' ' && !strcmp(route + method + 1, at->route) : !strcmp(route, at->route))
			return at;
	}
	return NULL;
}
