#include "observe/history.h"

#include "base/clock.h"
#include "base/log.h"
#include "identity/identity.h"
#include "job/job.h"
#include "metric/metric.h"
#include "sql.h"
#include "text/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEADLINE_US (5 * INT64_C(1000000)) /* the keeper renews leases meanwhile every 10 s */

/* --- what is counted: an object of "kind key", each with its figures --- */

static const char *const COUNTS[] = {"count", "refused", "failed", "sum_us"};
#define COUNT_NAMES (sizeof COUNTS / sizeof *COUNTS)

static struct json_object *series(struct json_object *counted, const char *kind, const char *key)
{
	struct json_object *found;
	char name[256];
	snprintf(name, sizeof name, "%s %s", kind, key);
	if (!json_object_object_get_ex(counted, name, &found)) {
		found = json_object_new_object();
		json_object_object_add(found, "kind", json_object_new_string(kind));
		json_object_object_add(found, "key", json_object_new_string(key));
		json_object_object_add(counted, name, found);
	}
	return found;
}

static void add(struct json_object *figures, const char *name, int64_t by)
{
	json_object_object_add(figures, name, json_object_new_int64(json_int(figures, name, 0) + by));
}

/* Those that are timed; not their count. */
static void add_times(struct json_object *figures, const struct metric_value *value)
{
	struct json_object *buckets = json_object_new_array();
	for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		int64_t observed = (int64_t)histogram_bucket(value->histogram, i);
		if (!observed)
			continue;
		json_object_array_add(buckets, json_object_new_int(i));
		json_object_array_add(buckets, json_object_new_int64(observed));
	}
	add(figures, "sum_us", (int64_t)(value->sum_s * 1e6 + 0.5));
	json_object_object_add(figures, "buckets", buckets);
}

static void add_timed(struct json_object *figures, const struct metric_value *value)
{
	add(figures, "count", (int64_t)value->count);
	add_times(figures, value);
}

/* False: what is of no route. */
static bool route_key(const struct metric_value *value, char key[192])
{
	char method[16], route[160];
	metric_label(value->labels, "method", method, sizeof method);
	metric_label(value->labels, "route", route, sizeof route);
	snprintf(key, 192, "%s %s", method, route);
	return *method;
}

/* Also of a route that is not timed, when it turned everything away (take_status() comes before): its class. */
static void take_duration(struct json_object *counted, const struct metric_value *value)
{
	char class[24], key[192], name[200];
	metric_label(value->labels, "class", class, sizeof class);
	const struct target *target = target_named(class);
	if (!target || !route_key(value, key))
		return;
	snprintf(name, sizeof name, "route %s", key);
	if (!value->count && !json_object_object_get_ex(counted, name, NULL))
		return;
	struct json_object *figures = series(counted, "route", key);
	add_times(figures, value);
	json_object_object_add(figures, "class", json_object_new_string(class));
	json_object_object_add(figures, "slow",
		json_object_new_double((double)value->count - histogram_under(value->histogram, (int64_t)target->goal_ms * 1000)));
}

static void take_status(struct json_object *counted, const struct metric_value *value)
{
	char status[8], key[192];
	if (!route_key(value, key))
		return;
	struct json_object *figures = series(counted, "route", key);
	metric_label(value->labels, "status", status, sizeof status);
	add(figures, "count", (int64_t)value->count);
	if (*status == '4')
		add(figures, "refused", (int64_t)value->count);
	else if (*status == '5')
		add(figures, "failed", (int64_t)value->count);
}

static void take_pool(struct json_object *counted, const struct metric_value *value)
{
	char program[32], state[16];
	metric_label(value->labels, "program", program, sizeof program);
	metric_label(value->labels, "state", state, sizeof state);
	struct json_object *figures = series(counted, "pool", program);
	if (value->kind == METRIC_HISTOGRAM)
		add_timed(figures, value);
	else if (!strcmp(state, "used"))
		add(figures, "level", (int64_t)value->value);
	else if (!strcmp(state, "size"))
		add(figures, "most", (int64_t)value->value);
}

static void take_cache(struct json_object *counted, const struct metric_value *value)
{
	char space[32], result[16];
	metric_label(value->labels, "space", space, sizeof space);
	metric_label(value->labels, "result", result, sizeof result);
	struct json_object *figures = series(counted, "cache", space);
	add(figures, "count", (int64_t)value->count);
	if (!strcmp(result, "miss"))
		add(figures, "failed", (int64_t)value->count);
}

static void take_query(struct json_object *counted, const struct metric_value *value)
{
	char type[16];
	metric_label(value->labels, "type", type, sizeof type);
	add_timed(series(counted, "query", type), value);
}

static void take_slow_query(struct json_object *counted, const struct metric_value *value)
{
	char severity[16];
	metric_label(value->labels, "severity", severity, sizeof severity);
	add(series(counted, "slow-query", severity), "count", (int64_t)value->count);
}

static void take_queue(struct json_object *counted, const struct metric_value *value)
{
	char queue[16];
	metric_label(value->labels, "queue", queue, sizeof queue);
	add(series(counted, "queue", queue), !strcmp(value->name, "stoa_job_due") ? "level" : "most", (int64_t)value->value);
}

static void take_job(struct json_object *counted, const struct metric_value *value)
{
	char kind[64], outcome[16];
	metric_label(value->labels, "kind", kind, sizeof kind);
	metric_label(value->labels, "outcome", outcome, sizeof outcome);
	bool dead = !strcmp(outcome, "dead");
	if (!dead && strcmp(outcome, "done"))
		return;
	add(series(counted, "job", kind), "count", (int64_t)value->count);
	if (dead)
		add(series(counted, "job", kind), "failed", (int64_t)value->count);
}

static void take_shed(struct json_object *counted, const struct metric_value *value)
{
	char class[24];
	metric_label(value->labels, "class", class, sizeof class);
	add(series(counted, "shed", class), "count", (int64_t)value->count);
}

static void take_brownout(struct json_object *counted, const struct metric_value *value)
{
	char part[32];
	metric_label(value->labels, "part", part, sizeof part);
	if (value->value > 0)
		add(series(counted, "brownout", part), "level", (int64_t)value->value);
}

static void take(void *argument, const struct metric_value *value)
{
	static const struct {
		const char *name;
		void (*take)(struct json_object *counted, const struct metric_value *value);
	} TAKERS[] = {{"stoa_http_request_duration_seconds", take_duration}, {"stoa_http_requests_total", take_status},
		{"stoa_pool_wait_seconds", take_pool}, {"stoa_pool_connections", take_pool}, {"stoa_cache_lookups_total", take_cache},
		{"stoa_db_query_duration_seconds", take_query}, {"stoa_db_slow_queries_total", take_slow_query}, {"stoa_job_due", take_queue},
		{"stoa_job_oldest_waiting_seconds", take_queue}, {"stoa_job_attempts_total", take_job}, {"stoa_shed_total", take_shed},
		{"stoa_brownout", take_brownout}};
	bool some = value->kind == METRIC_GAUGE || value->count;
	for (size_t i = 0; i < sizeof TAKERS / sizeof *TAKERS; i++)
		if ((some || TAKERS[i].take == take_duration) && !strcmp(value->name, TAKERS[i].name))
			TAKERS[i].take(argument, value);
}

/* --- what came since --- */

static double real(struct json_object *figures, const char *name)
{
	struct json_object *value;
	return json_object_object_get_ex(figures, name, &value) ? json_object_get_double(value) : 0;
}

static int64_t observed_in(struct json_object *buckets, int64_t bucket)
{
	for (size_t i = 0; buckets && i + 1 < json_object_array_length(buckets); i += 2)
		if (json_object_get_int64(json_object_array_get_idx(buckets, i)) == bucket)
			return json_object_get_int64(json_object_array_get_idx(buckets, i + 1));
	return 0;
}

static struct json_object *buckets_since(struct json_object *now, struct json_object *before)
{
	struct json_object *since = json_object_new_array();
	for (size_t i = 0; now && i + 1 < json_object_array_length(now); i += 2) {
		int64_t bucket = json_object_get_int64(json_object_array_get_idx(now, i));
		int64_t observed = json_object_get_int64(json_object_array_get_idx(now, i + 1)) - observed_in(before, bucket);
		if (observed <= 0)
			continue;
		json_object_array_add(since, json_object_new_int64(bucket));
		json_object_array_add(since, json_object_new_int64(observed));
	}
	return since;
}

static bool fell(struct json_object *now, struct json_object *before)
{
	for (size_t i = 0; i < COUNT_NAMES; i++)
		if (json_int(now, COUNTS[i], 0) < json_int(before, COUNTS[i], 0))
			return true;
	return false;
}

/* NULL: nothing happened. before may be NULL. */
static struct json_object *since(struct json_object *now, struct json_object *before)
{
	static const char *const COPIED[] = {"kind", "key", "class", "level", "most"};
	struct json_object *row = json_object_new_object(), *now_buckets = NULL, *before_buckets = NULL, *copied;
	bool any = json_int(now, "level", 0) || json_int(now, "most", 0);
	if (before && fell(now, before))
		before = NULL;
	json_object_object_add(row, "level", json_object_new_int(0));
	json_object_object_add(row, "most", json_object_new_int(0));
	for (size_t i = 0; i < sizeof COPIED / sizeof *COPIED; i++)
		if (json_object_object_get_ex(now, COPIED[i], &copied))
			json_object_object_add(row, COPIED[i], json_object_get(copied));
	for (size_t i = 0; i < COUNT_NAMES; i++) {
		int64_t came = json_int(now, COUNTS[i], 0) - (before ? json_int(before, COUNTS[i], 0) : 0);
		json_object_object_add(row, COUNTS[i], json_object_new_int64(came));
		any = any || came;
	}
	double slow = real(now, "slow") - (before ? real(before, "slow") : 0);
	json_object_object_add(row, "slow", json_object_new_double(slow > 0 ? slow : 0));
	json_object_object_get_ex(now, "buckets", &now_buckets);
	if (before)
		json_object_object_get_ex(before, "buckets", &before_buckets);
	json_object_object_add(row, "buckets", buckets_since(now_buckets, before_buckets));
	if (any)
		return row;
	json_object_put(row);
	return NULL;
}

/* Adds a route's row to its class's. */
static void class_add(struct json_object *classes, struct json_object *route)
{
	struct json_object *sum = series(classes, "class", json_text(route, "class", "")), *mine, *theirs, *merged = json_object_new_array();
	for (size_t i = 0; i < COUNT_NAMES; i++)
		add(sum, COUNTS[i], json_int(route, COUNTS[i], 0));
	json_object_object_add(sum, "slow", json_object_new_double(real(sum, "slow") + real(route, "slow")));
	json_object_object_add(sum, "class", json_object_new_string(json_text(route, "class", "")));
	json_object_object_add(sum, "level", json_object_new_int(0));
	json_object_object_add(sum, "most", json_object_new_int(0));
	json_object_object_get_ex(route, "buckets", &theirs);
	mine = NULL;
	json_object_object_get_ex(sum, "buckets", &mine);
	for (int bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
		int64_t observed = observed_in(mine, bucket) + observed_in(theirs, bucket);
		if (!observed)
			continue;
		json_object_array_add(merged, json_object_new_int(bucket));
		json_object_array_add(merged, json_object_new_int64(observed));
	}
	json_object_object_add(sum, "buckets", merged);
}

static struct json_object *rows_since(struct ctx *ctx, struct json_object *now, struct json_object *before)
{
	struct json_object *rows = json_own(ctx, json_object_new_array()), *classes = json_own(ctx, json_object_new_object());
	json_object_object_foreach(now, name, figures) {
		struct json_object *old = NULL;
		json_object_object_get_ex(before, name, &old);
		struct json_object *row = since(figures, old);
		if (!row)
			continue;
		json_object_array_add(rows, row);
		if (json_text(row, "class", NULL))
			class_add(classes, row);
	}
	json_object_object_foreach(classes, class, sum) {
		(void)class;
		json_object_array_add(rows, json_object_get(sum));
	}
	return rows;
}

/* --- the sample --- */

/* What says that the counters are those of the last sample: this boot, and this file. */
static const char *epoch_of(struct ctx *ctx)
{
	char boot[40] = "";
	struct stat file;
	FILE *id = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (id && !fgets(boot, sizeof boot, id))
		boot[0] = '\0';
	if (id)
		fclose(id);
	boot[strcspn(boot, "\n")] = '\0';
	if (!*conf_string("metrics.file") || stat(conf_string("metrics.file"), &file))
		return NULL;
	return arena_printf(&ctx->arena, "%s %lld", boot, (long long)file.st_ino);
}

static const char *json_string(struct json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN);
}

static enum err sample(struct ctx *ctx, struct lease *lease, void *argument)
{
	const char *const *epoch_at = argument, *epoch = *epoch_at;
	char node[WORKER_NAME];
	PGresult *held;
	struct json_object *before;
	worker_machine(node);
	TRY(pg_run(lease, &SQL_OBSERVE_TAKE, PARAMS(node, epoch), &held));
	if (!PQntuples(held))
		return OK;
	struct json_object *now = json_own(ctx, json_object_new_object());
	metric_each("stoa_", take, now);
	bool first = pg_true(held, 0, "first");
	const char *text = pg_true(held, 0, "continued") ? pg_text(held, 0, "counted") : "{}";
	TRY(json_read(ctx, text, strlen(text), 8, &before));
	struct json_object *rows = first ? json_own(ctx, json_object_new_array()) : rows_since(ctx, now, before);
	return pg_run(lease, &SQL_OBSERVE_KEEP, PARAMS(node, epoch, json_string(now), json_string(rows)), NULL);
}

/* Hours first: a day is made when all of its hours are there. */
static enum err roll(struct ctx *ctx, struct pool *pool)
{
	static const char *const STEPS[] = {"60", "3600", "86400"};
	for (int i = 0; i < 2; i++) {
		PGresult *made;
		do
			TRY(pg_query(ctx, pool, &SQL_OBSERVE_ROLL, PARAMS(STEPS[i], STEPS[i + 1]), &made));
		while (strtol(PQcmdTuples(made), NULL, 10) > 0);
	}
	return OK;
}

void history_sample(struct ctx *ctx, struct pool *pool)
{
	const char *epoch = epoch_of(ctx);
	if (!epoch)
		return;
	ctx->deadline_us = clock_mono_us() + DEADLINE_US;
	enum err err = change_run(ctx, pool, sample, &epoch);
	if (err == OK)
		err = roll(ctx, pool);
	if (err == OK)
		err = pg_query(ctx, pool, &SQL_OBSERVE_PRUNE, NULL, NULL);
	if (err != OK)
		LOG(LOG_WARN, "observe.failed", LOG_T("detail", ctx->fault.detail), LOG_T("internal", ctx->fault.internal));
	ctx_forgive(ctx);
	ctx->deadline_us = 0;
}
