#include "observe/profile.h"

#include <math.h>
#include <string.h>

/* Fewer than that say nothing. */
#define REQUESTS_LEAST 20
#define LOOKUPS_LEAST 100
#define MEAN_LEAST_S 0.005  /* a faster route is left alone */
#define WAIT_LEAST_S 0.005  /* likewise a wait a request */
#define PART_SHARE 0.5      /* of a request: the part is what takes the time */
#define POOL_SHARE 0.2
#define PROCESSOR_SHARE 0.7
#define LOOP_LEAST 4        /* runs of one statement a request */
#define WAITED_SHARE 0.05   /* document 001 gives the wait's 95th percentile */
#define OFF_SHARE 0.02      /* of look-ups that hit, when the cache does nothing */
/* Document 001, "Query Performance Targets", Simple Filter (indexed): p50 and p99; and WARN of its QueryPerformanceMonitor. */
#define STATEMENT_TARGET_S 0.010
#define STATEMENT_P99_S 0.050
#define STATEMENT_WARN_S 0.100

static void add_number(struct json_object *numbers, const char *name, double value)
{
	json_object_object_add(numbers, name, json_object_new_double(value));
}

static void add_count(struct json_object *numbers, const char *name, int64_t value)
{
	json_object_object_add(numbers, name, json_object_new_int64(value));
}

static void add_text(struct json_object *numbers, const char *name, const char *value)
{
	json_object_object_add(numbers, name, value ? json_object_new_string(value) : NULL);
}

static const char *route_text(struct ctx *ctx, const char *method, const char *route)
{
	return arena_printf(&ctx->arena, "%s%s%s", method, *method ? " " : "", route);
}

/* A mean within the class's p50 is a note; past its p95 an alert. A job has until it is done. */
static enum severity severity_of(const struct profile_route *route, double mean)
{
	const struct target *target = route->target;
	if (!target)
		return SEVERITY_WARN;
	int middle_ms = target->p50_ms ? target->p50_ms : target->p95_ms / 2;
	return 1000 * mean > target->p95_ms ? SEVERITY_ALERT : 1000 * mean > middle_ms ? SEVERITY_WARN : SEVERITY_NOTE;
}

static struct json_object *route_numbers(struct ctx *ctx, const struct profile_route *route, double whole)
{
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "route", route_text(ctx, route->method, route->route));
	/* Where grep finds who answers it. */
	add_text(numbers, "path", route->route + (profile_is_job(route) ? strlen("job:") : 0));
	add_text(numbers, "folder", profile_is_job(route) ? "lib" : "fcgi");
	add_count(numbers, "requests", (int64_t)route->requests);
	add_number(numbers, "meanMs", 1000 * whole / (double)route->requests);
	add_number(numbers, "routeSeconds", whole);
	return numbers;
}

/* --- where a route's time goes --- */

static double whole_of(const struct profile_route *route)
{
	double sum = 0;
	for (enum profile_part part = 0; part < PROFILE_PARTS; part++)
		sum += route->parts[part];
	return fmax(sum, route->seconds);
}

static void find_wait(const struct profile_route *route, double whole, struct findings *findings)
{
	double own = route->parts[PART_OWN], waited = own - route->cpu;
	if (route->cpu < 0 || waited < PART_SHARE * whole || waited < WAIT_LEAST_S * (double)route->requests)
		return;
	struct json_object *numbers = route_numbers(findings->ctx, route, whole);
	add_number(numbers, "ownMs", 1000 * own / (double)route->requests);
	add_number(numbers, "cpuMs", 1000 * route->cpu / (double)route->requests);
	add_number(numbers, "gainSeconds", waited);
	/* A handler that waits holds a thread, however patient its class is. */
	enum severity severity = severity_of(route, whole / (double)route->requests);
	finding_add(findings, FINDING_WAITS, severity == SEVERITY_NOTE ? SEVERITY_WARN : severity, waited, numbers);
}

/* A part that takes more than its share; the gain is `saved` of it. */
static const struct { enum profile_part part; double share, saved; enum finding_kind kind; } PART_RULES[] = {
	{PART_ACCEPT, POOL_SHARE, 1, FINDING_ACCEPT}, {PART_POOL, POOL_SHARE, 1, FINDING_POOL_PART}, {PART_OUTBOUND, PART_SHARE, 1, FINDING_OUTBOUND},
	{PART_RENDER, PART_SHARE, .5, FINDING_RENDER}, {PART_WRITE, PART_SHARE, 1, FINDING_WRITE}};

static void find_part(const struct profile_route *route, double whole, size_t rule, const struct profile_settings *settings, struct findings *findings)
{
	double part = route->parts[PART_RULES[rule].part], mean = whole / (double)route->requests;
	/* Calls to others are what jobs are for. */
	bool meant = PART_RULES[rule].kind == FINDING_OUTBOUND && profile_is_job(route);
	if (meant || part < PART_RULES[rule].share * whole || mean < MEAN_LEAST_S)
		return;
	struct json_object *numbers = route_numbers(findings->ctx, route, whole);
	add_number(numbers, "partMs", 1000 * part / (double)route->requests);
	add_number(numbers, "gainSeconds", part * PART_RULES[rule].saved);
	add_count(numbers, "poolSize", settings->pool_size);
	add_count(numbers, "threads", settings->threads);
	finding_add(findings, PART_RULES[rule].kind, severity_of(route, mean), part * PART_RULES[rule].saved, numbers);
}

static void find_processor(const struct profile_route *route, double whole, struct findings *findings)
{
	double mean = whole / (double)route->requests;
	if (route->cpu < PROCESSOR_SHARE * whole || mean < MEAN_LEAST_S)
		return;
	struct json_object *numbers = route_numbers(findings->ctx, route, whole);
	add_number(numbers, "cpuMs", 1000 * route->cpu / (double)route->requests);
	add_number(numbers, "gainSeconds", route->cpu / 2);
	finding_add(findings, FINDING_PROCESSOR, severity_of(route, mean), route->cpu / 2, numbers);
}

/* --- statements --- */

static void find_loop(const struct profile_route *route, double whole, const struct profile_statement *statement, struct findings *findings)
{
	double runs = (double)statement->count / (double)route->requests, saved = statement->seconds * (1 - 1 / runs);
	if (runs < LOOP_LEAST || !profile_statement_is_file(statement->name))
		return;
	struct json_object *numbers = route_numbers(findings->ctx, route, whole);
	add_text(numbers, "statement", statement->name);
	add_text(numbers, "file", profile_statement_file(findings->ctx, statement->name));
	add_number(numbers, "perRequest", runs);
	add_number(numbers, "eachMs", 1000 * statement->seconds / (double)statement->count);
	add_number(numbers, "gainSeconds", saved);
	enum severity severity = severity_of(route, whole / (double)route->requests);
	finding_add(findings, FINDING_LOOP, severity == SEVERITY_NOTE ? SEVERITY_WARN : severity, saved, numbers);
}

static void find_budget(const struct profile_route *route, double whole, struct findings *findings)
{
	double runs = route->statements / (double)route->requests, excess = runs - (double)(route->budget - 1);
	const struct profile_statement *dearest = NULL;
	if (!route->budget || runs < (double)route->budget)
		return;
	for (const struct profile_statement *statement = route->dearest; statement; statement = statement->next) {
		if (!profile_statement_is_file(statement->name))
			continue;
		if ((double)statement->count >= LOOP_LEAST * (double)route->requests)
			return; /* the loop is named */
		if (!dearest)
			dearest = statement;
	}
	if (!dearest)
		return;
	struct json_object *numbers = route_numbers(findings->ctx, route, whole);
	double saved = route->parts[PART_QUERY] * excess / runs;
	add_number(numbers, "perRequest", runs);
	add_count(numbers, "budget", route->budget);
	add_text(numbers, "file", profile_statement_file(findings->ctx, dearest->name));
	add_number(numbers, "gainSeconds", saved);
	finding_add(findings, FINDING_STATEMENTS, severity_of(route, whole / (double)route->requests), saved, numbers);
}

/* Jobs are as slow as they like, but a worker's statements cost everybody. A COMMIT waits for the disk; other text has nothing to change. */
static void find_slow(const struct profile_statement *sum, struct findings *findings)
{
	bool commit = !strcmp(sum->name, "commit");
	double each = sum->seconds / (double)sum->count, saved = sum->seconds - STATEMENT_TARGET_S * (double)sum->count;
	if (sum->count < REQUESTS_LEAST || each < STATEMENT_TARGET_S || (!commit && !profile_statement_is_file(sum->name)))
		return;
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "statement", sum->name);
	add_text(numbers, "route", route_text(findings->ctx, sum->method, sum->route));
	add_text(numbers, "file", profile_statement_file(findings->ctx, sum->name));
	add_count(numbers, "count", (int64_t)sum->count);
	add_number(numbers, "eachMs", 1000 * each);
	add_number(numbers, "targetMs", 1000 * STATEMENT_TARGET_S);
	add_number(numbers, "totalSeconds", sum->seconds);
	add_number(numbers, "gainSeconds", saved);
	finding_add(findings, commit ? FINDING_COMMIT : FINDING_SLOW_STATEMENT,
		each >= STATEMENT_WARN_S ? SEVERITY_ALERT : each >= STATEMENT_P99_S ? SEVERITY_WARN : SEVERITY_NOTE, saved, numbers);
}

void profile_find_routes(const struct profile *profile, const struct profile_settings *settings, struct findings *findings)
{
	for (int i = 0; i < profile->route_count; i++) {
		const struct profile_route *route = &profile->routes[i];
		double whole = whole_of(route);
		if (route->requests < REQUESTS_LEAST)
			continue;
		find_wait(route, whole, findings);
		for (size_t rule = 0; rule < sizeof PART_RULES / sizeof *PART_RULES; rule++)
			find_part(route, whole, rule, settings, findings);
		find_processor(route, whole, findings);
		find_budget(route, whole, findings);
		for (const struct profile_statement *statement = route->dearest; statement; statement = statement->next)
			find_loop(route, whole, statement, findings);
	}
	for (int i = 0; i < profile->sum_count; i++)
		find_slow(&profile->sums[i], findings);
}

/* --- the cache --- */

static void find_space(const struct profile *profile, const struct profile_space *space, const struct profile_settings *settings,
	struct findings *findings)
{
	const struct hit_target *known = hit_target_of(space->name);
	double lookups = (double)(space->local + space->shared + space->missed), share = 1 - (double)space->missed / fmax(lookups, 1);
	double target = known ? known->share : bound_of(BOUND_HIT_RATE)->target, saved = (target - share) * lookups;
	/* Without either level hits are requests that waited for one another. */
	bool none = !settings->cache_servers && !settings->local_entries;
	bool off = none || (share < OFF_SHARE && (!settings->cache_servers || !settings->local_entries));
	/* A cold cache misses at first, too; one that is off is told by its settings. */
	if (lookups < (off ? REQUESTS_LEAST : LOOKUPS_LEAST) || share >= target)
		return;
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "space", space->name);
	add_count(numbers, "lookups", (int64_t)lookups);
	add_count(numbers, "missed", (int64_t)space->missed);
	add_number(numbers, "share", share);
	add_number(numbers, "targetShare", target);
	add_text(numbers, "source", known ? arena_printf(&findings->ctx->arena, "%s: %s", HIT_TARGET_SOURCE, known->type) : bound_of(BOUND_HIT_RATE)->source);
	add_text(numbers, "servers", settings->cache_servers ? "yes" : NULL);
	add_count(numbers, "localEntries", settings->local_entries);
	add_count(numbers, "localLifeMs", settings->local_life_ms);
	add_count(numbers, "saved", (int64_t)saved);
	add_number(numbers, "gainSeconds", saved * profile->select_seconds);
	finding_add(findings, off ? FINDING_CACHE_OFF : FINDING_HIT_RATE,
		off || share < bound_of(BOUND_HIT_RATE)->alert ? SEVERITY_WARN : SEVERITY_NOTE, saved * profile->select_seconds, numbers);
}

void profile_find_cache(const struct profile *profile, const struct profile_settings *settings, struct findings *findings)
{
	for (int i = 0; i < profile->space_count; i++)
		find_space(profile, &profile->spaces[i], settings, findings);
}

/* --- pools, threads, queues --- */

/* A process with one thread has one connection, whatever db.pool_size says, and the worker has as many as it needs (job/job.h). */
static bool shares_pool(const struct profile_program *program, const struct profile_settings *settings)
{
	return settings->threads > 1 && strcmp(program->name, "worker") != 0;
}

/* Of the requests that waited for a connection: those that waited for longer, but for those that opened one. */
static double waited_share(const struct profile_program *program, double under, double connects)
{
	double waits = (double)program->waits;
	return fmax((1 - under) * waits - connects, 0) / waits;
}

static void find_pool_wait(const struct profile_program *program, double connects, const struct profile_settings *settings, struct findings *findings)
{
	const struct bound *bound = bound_of(BOUND_POOL_WAIT);
	if (program->waits < REQUESTS_LEAST || !shares_pool(program, settings))
		return;
	double past_target = waited_share(program, program->under_target, connects), past_alert = waited_share(program, program->under_alert, connects);
	bool alert = past_alert > WAITED_SHARE;
	if (past_target <= WAITED_SHARE)
		return;
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "program", program->name);
	add_count(numbers, "waits", (int64_t)program->waits);
	add_number(numbers, "share", alert ? past_alert : past_target);
	add_number(numbers, "boundMs", 1000 * (alert ? bound->alert : bound->target));
	add_text(numbers, "source", bound->source);
	add_count(numbers, "poolSize", settings->pool_size);
	add_count(numbers, "suggested", settings->pool_size + (settings->pool_size + 1) / 2);
	finding_add(findings, FINDING_POOL_WAIT, alert ? SEVERITY_ALERT : SEVERITY_WARN, 0, numbers);
}

static void find_pool_use(const struct profile_program *program, const struct profile_settings *settings, struct findings *findings)
{
	const struct bound *bound = bound_of(BOUND_POOL_USE);
	double share = program->size ? (double)program->used / (double)program->size : 0;
	if (share < bound->target || !shares_pool(program, settings))
		return;
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "program", program->name);
	add_count(numbers, "used", program->used);
	add_count(numbers, "size", program->size);
	add_number(numbers, "share", share);
	add_number(numbers, "targetShare", bound->target);
	add_text(numbers, "source", bound->source);
	add_count(numbers, "poolSize", settings->pool_size);
	add_count(numbers, "suggested", (int64_t)ceil((double)settings->pool_size * share / bound->target) + 1);
	finding_add(findings, FINDING_POOL_USE, share > bound->alert ? SEVERITY_WARN : SEVERITY_NOTE, 0, numbers);
}

static void find_threads(const struct profile_program *program, const struct profile_settings *settings, struct findings *findings)
{
	/* The figures are of all its processes; each has a pool. */
	int64_t processes = settings->pool_size && program->size > settings->pool_size ? program->size / settings->pool_size : 1;
	if (!program->queued || program->in_flight < processes * settings->threads)
		return;
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "program", program->name);
	add_count(numbers, "queued", program->queued);
	add_count(numbers, "inFlight", program->in_flight);
	add_count(numbers, "threads", settings->threads);
	add_count(numbers, "suggested", 2 * settings->threads);
	finding_add(findings, FINDING_THREADS, SEVERITY_WARN, 0, numbers);
}

static void find_shed(const struct profile_program *program, struct findings *findings)
{
	if (!program->shed && !program->switched_off)
		return;
	struct json_object *numbers = json_object_new_object();
	add_text(numbers, "program", program->name);
	add_count(numbers, "refused", (int64_t)(program->shed + program->switched_off));
	if (program->shed)
		add_count(numbers, "shed", (int64_t)program->shed);
	if (program->switched_off)
		add_count(numbers, "switchedOff", (int64_t)program->switched_off);
	finding_add(findings, FINDING_SHED, program->shed ? SEVERITY_WARN : SEVERITY_NOTE, 0, numbers);
}

void profile_find_programs(const struct profile *profile, const struct profile_settings *settings, struct findings *findings)
{
	for (int i = 0; i < profile->program_count; i++) {
		const struct profile_program *program = &profile->programs[i];
		find_pool_wait(program, profile->connects, settings, findings);
		find_pool_use(program, settings, findings);
		find_threads(program, settings, findings);
		find_shed(program, findings);
	}
}

void profile_find_queues(const struct operate_queue queues[JOB_QUEUES], const struct profile_settings *settings, struct findings *findings)
{
	for (enum job_queue queue = JOB_HIGH; queue < JOB_QUEUES; queue++) {
		const struct job_depth_target *target = &JOB_DEPTH_TARGET[queue];
		const char *depth = operate_depth(queue, queues[queue].due);
		if (!strcmp(depth, "well"))
			continue;
		struct json_object *numbers = json_object_new_object();
		add_text(numbers, "queue", target->queue);
		add_count(numbers, "due", queues[queue].due);
		add_count(numbers, "target", target->target);
		add_count(numbers, "alert", target->alert);
		add_count(numbers, "oldestSeconds", queues[queue].oldest_s);
		add_count(numbers, "max", settings->worker_max);
		add_count(numbers, "threads", settings->worker_threads);
		add_count(numbers, "suggested", 2 * settings->worker_max);
		finding_add(findings, FINDING_QUEUE, !strcmp(depth, "alert") ? SEVERITY_ALERT : SEVERITY_WARN, 0, numbers);
	}
}

struct profile_settings profile_settings(void)
{
	return (struct profile_settings){.cache_servers = *conf_string("cache.servers") != '\0',
		.replicas = *conf_string("db.replicas") != '\0', .local_entries = conf_int("cache.local_entries"), .local_life_ms = conf_int("cache.local_life"), .pool_size = conf_int("db.pool_size"), .threads = conf_int("web.threads"),
		.worker_max = conf_int("worker.max"), .worker_threads = conf_int("worker.threads")};
}
