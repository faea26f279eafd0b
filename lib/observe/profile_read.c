#include "observe/profile.h"

#include "web/budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One series at one moment. */
struct sample {
	const char *name, *labels;
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

bool profile_statement_told(const char *statement)
{
	return strcmp(statement, CTX_OTHER) != 0;
}

const char *profile_statement_file(struct ctx *ctx, const char *statement)
{
	if (!profile_statement_told(statement))
		return NULL;
	size_t family = strcspn(statement, "_");
	return statement[family] ? arena_printf(&ctx->arena, "sql/%.*s/%s.sql", (int)family, statement, statement + family + 1) :
		arena_printf(&ctx->arena, "sql/%s.sql", statement);
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

/* --- reading --- */

static void sample_take(void *argument, const struct metric_value *metric)
{
	struct profile_reading *reading = argument;
	struct arena *arena = &reading->ctx->arena;
	reading->rows = grown(reading->ctx, reading->rows, reading->count, sizeof *reading->rows);
	struct sample *sample = &reading->rows[reading->count++];
	*sample = (struct sample){.name = arena_strdup(arena, metric->name), .labels = arena_strdup(arena, metric->labels), .count = metric->count,
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
	int order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->labels, b->labels);
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
	double reads, read_seconds;
};

static struct profile_route *route_named(struct making *making, const struct profile_route *wanted)
{
	struct profile *profile = making->profile;
	for (int i = 0; i < profile->route_count; i++)
		if (!strcmp(profile->routes[i].route, wanted->route) && !strcmp(profile->routes[i].method, wanted->method))
			return &profile->routes[i];
	profile->routes = grown(making->ctx, profile->routes, profile->route_count, sizeof *wanted);
	profile->routes[profile->route_count] = *wanted;
	return &profile->routes[profile->route_count++];
}

static struct profile_route *route_of(struct making *making, const char *labels)
{
	struct profile_route wanted = {0};
	metric_label(labels, "method", wanted.method, sizeof wanted.method);
	metric_label(labels, "route", wanted.route, sizeof wanted.route);
	return route_named(making, &wanted);
}

static struct profile_space *space_of(struct making *making, const char *labels)
{
	struct profile *profile = making->profile;
	struct profile_space wanted = {0};
	metric_label(labels, "space", wanted.name, sizeof wanted.name);
	for (int i = 0; i < profile->space_count; i++)
		if (!strcmp(profile->spaces[i].name, wanted.name))
			return &profile->spaces[i];
	profile->spaces = grown(making->ctx, profile->spaces, profile->space_count, sizeof wanted);
	profile->spaces[profile->space_count] = wanted;
	return &profile->spaces[profile->space_count++];
}

static struct profile_program *program_of(struct making *making, const char *labels)
{
	struct profile *profile = making->profile;
	struct profile_program wanted = {0};
	metric_label(labels, "program", wanted.name, sizeof wanted.name);
	for (int i = 0; i < profile->program_count; i++)
		if (!strcmp(profile->programs[i].name, wanted.name))
			return &profile->programs[i];
	profile->programs = grown(making->ctx, profile->programs, profile->program_count, sizeof wanted);
	profile->programs[profile->program_count] = wanted;
	return &profile->programs[profile->program_count++];
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
	struct profile_route wanted = {.route = "job:"};
	metric_label(sample->labels, "kind", wanted.route + strlen(wanted.route), sizeof wanted.route - strlen(wanted.route));
	struct profile_route *route = route_named(making, &wanted);
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
	struct profile_space *space = space_of(making, sample->labels);
	char result[16];
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
	program_of(making, sample->labels)->shed += sample->count;
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
	{"stoa_queued", queued_add, true}, {"stoa_shed_total", shed_add, false}, {"stoa_db_query_duration_seconds", read_add, false}};

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

/* Processor time is looked at in some requests only (metric/work.h). */
static void cpu_spread(struct profile_route *route)
{
	double whole = route->seconds + route->parts[PART_ACCEPT] + route->parts[PART_WRITE];
	route->cpu = route->looked ? fmin(route->cpu / (double)route->looked * (double)route->requests, whole) : -1;
}

/* Routes that nobody asked in the span say nothing. */
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
	if (profile->route_count)
		qsort(profile->routes, (size_t)profile->route_count, sizeof *profile->routes, route_order);
	if (profile->statement_count)
		qsort(profile->statements, (size_t)profile->statement_count, sizeof *profile->statements, statement_order);
}

static void budget_take(void *argument, const struct budget_use *use)
{
	struct profile *profile = argument;
	for (int i = 0; i < profile->route_count && use->budget == BUDGET_QUERIES; i++)
		if (!strcmp(profile->routes[i].route, use->route) && !strcmp(profile->routes[i].method, use->method))
			profile->routes[i].budget = use->most;
}

struct profile *profile_make(struct ctx *ctx, const struct profile_reading *before, const struct profile_reading *now, double span)
{
	struct profile *profile = arena_alloc(&ctx->arena, sizeof *profile);
	struct making making = {.ctx = ctx, .profile = profile};
	profile->span = span;
	for (int i = 0; i < now->count; i++)
		for (size_t series = 0; series < sizeof SERIES / sizeof *SERIES; series++)
			if (!strcmp(SERIES[series].name, now->rows[i].name)) {
				struct sample sample = difference(SERIES[series].gauge ? NULL : before, &now->rows[i]);
				SERIES[series].add(&making, &sample);
			}
	profile->select_seconds = making.reads > 0 ? making.read_seconds / making.reads : 0;
	profile_settle(profile);
	budget_each(budget_take, profile);
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
