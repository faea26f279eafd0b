#include "job/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/policies.h"
#include "metric/metric.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SWEEP_EVERY_US (3600 * INT64_C(1000000))
#define SWEEP_BATCH 500 /* the limit in sql/job/sweep.sql */
#define SWEEP_PAUSE_US 200000
#define MINUTE_US (60 * INT64_C(1000000))
#define MINUTE_LATE_US 100000 /* so that PostgreSQL's clock shows the minute, too */
#define RETRY_MS 1000 /* after a heartbeat that failed */

/* What this worker runs and holds; answers how many. */
static int list_ours(struct ctx *ctx, struct worker *worker, const char ***ids_out, const char ***attempts_out)
{
	int64_t now_us = clock_mono_us();
	int count = 0;
	pthread_mutex_lock(&worker->lock);
	size_t most = (size_t)worker->threads + (size_t)worker->held_count;
	const char **ids = arena_array(&ctx->arena, most, sizeof *ids);
	const char **attempts = arena_array(&ctx->arena, most, sizeof *attempts);
	for (int i = 0; i < worker->threads; i++) {
		const struct runner *runner = &worker->runners[i];
		if (!runner->id[0] || now_us > runner->renew_until_us)
			continue;
		ids[count] = arena_strdup(&ctx->arena, runner->id);
		attempts[count++] = pg_int(ctx, runner->attempt);
	}
	for (const struct claimed *held = worker->held; held; held = held->next) {
		ids[count] = arena_strdup(&ctx->arena, held->id);
		attempts[count++] = pg_int(ctx, held->attempt);
	}
	pthread_mutex_unlock(&worker->lock);
	*ids_out = ids;
	*attempts_out = attempts;
	return count;
}

static enum err renew(struct ctx *ctx, struct worker *worker)
{
	const char **ids, **attempts;
	PGresult *rows;
	int count = list_ours(ctx, worker, &ids, &attempts);
	if (!count)
		return OK;
	TRY(pg_query(ctx, worker->pool, &SQL_JOB_HEARTBEAT, PARAMS(pg_array(ctx, ids, count), pg_array(ctx, attempts, count),
		pg_int(ctx, worker->lease_ms)), &rows));
	for (int i = 0; i < PQntuples(rows); i++)
		attempt_cancel(worker, pg_text(rows, i, "id"));
	return OK;
}

enum err keeper_measure(struct ctx *ctx, struct pool *pool)
{
	PGresult *rows;
	TRY(pg_query(ctx, pool, &SQL_JOB_DEPTH, NULL, &rows));
	for (int i = 0; i < PQntuples(rows); i++) {
		const struct job_depth_target *target = &JOB_DEPTH_TARGET[pg_number(rows, i, "queue", JOB_DEFAULT)];
		char labels[32];
		snprintf(labels, sizeof labels, "queue=\"%s\"", target->queue);
		gauge_set(metric_gauge("stoa_job_waiting", labels, "Jobs that wait, also for a later time; of a kind at most 10,000 are counted"),
			pg_number(rows, i, "waiting", 0));
		gauge_set(metric_gauge("stoa_job_due", labels, "Jobs that wait and are due; of a kind at most 10,000 are counted"),
			pg_number(rows, i, "due", 0));
		gauge_set(metric_gauge("stoa_job_running", labels, "Jobs that workers run or hold"), pg_number(rows, i, "running", 0));
		gauge_set(metric_gauge("stoa_job_oldest_waiting_seconds", labels, "How long the oldest due job has waited"),
			pg_number(rows, i, "oldest_s", 0));
		gauge_set(metric_gauge("stoa_job_dead", labels, "Jobs that failed for good"), pg_number(rows, i, "dead", 0));
		gauge_set(metric_gauge("stoa_job_depth_target", labels, "Due jobs below which a queue is well"), target->target);
		gauge_set(metric_gauge("stoa_job_depth_alert", labels, "Due jobs above which a queue is an alert"), target->alert);
	}
	return OK;
}

static enum err beat(struct ctx *ctx, struct worker *worker)
{
	TRY(renew(ctx, worker));
	TRY(pg_query(ctx, worker->pool, &SQL_WORKER_SEEN, PARAMS(worker->name, worker->host, pg_int(ctx, getpid()),
		pg_int(ctx, worker->threads)), NULL));
	return worker->set->supervised ? OK : keeper_measure(ctx, worker->pool);
}

bool keeper_reclaim(struct ctx *ctx, struct pool *pool)
{
	PGresult *rows;
	if (pg_query(ctx, pool, &SQL_JOB_RECLAIM, NULL, &rows) != OK)
		return false;
	for (int i = 0; i < PQntuples(rows); i++) {
		char labels[160];
		snprintf(labels, sizeof labels, "kind=\"%s\",outcome=\"silent\"", pg_text(rows, i, "kind"));
		if (pg_true(rows, i, "begun"))
			counter_add(metric_counter("stoa_job_attempts_total", labels, "Attempts at jobs by kind and outcome"), 1);
		LOG(LOG_WARN, "job.reclaimed", LOG_T("id", pg_text(rows, i, "id")), LOG_T("kind", pg_text(rows, i, "kind")),
			LOG_N("attempt", pg_number(rows, i, "attempt", 0)), LOG_T("state", pg_text(rows, i, "state")));
	}
	return PQntuples(rows) > 0;
}

/* Deletes a batch; answers when to go on. */
static int64_t sweep(struct ctx *ctx, struct worker *worker)
{
	PGresult *result;
	bool more = pg_query(ctx, worker->pool, &SQL_JOB_SWEEP, NULL, &result) == OK
		&& strtol(PQcmdTuples(result), NULL, 10) == SWEEP_BATCH;
	return clock_mono_us() + (more ? SWEEP_PAUSE_US : SWEEP_EVERY_US);
}

/* False: the worker ends. */
static bool wait_until(struct worker *worker, int64_t until_us)
{
	struct timespec until = {.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
	pthread_mutex_lock(&worker->lock);
	while (!worker->keeper_ends && !worker->held_news && clock_mono_us() < until_us)
		pthread_cond_timedwait(&worker->keep, &worker->lock, &until);
	worker->held_news = false;
	bool go_on = !worker->keeper_ends;
	pthread_mutex_unlock(&worker->lock);
	return go_on;
}

/* Calls what is wanted each minute; answers when to do so again. */
static int64_t minute(struct ctx *ctx, struct worker *worker)
{
	worker->set->each_minute(ctx, worker->pool);
	return clock_mono_us() + MINUTE_US - clock_wall_us() % MINUTE_US + MINUTE_LATE_US;
}

static int64_t earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void *keeper_main(void *argument)
{
	struct worker *worker = argument;
	int reclaim_ms = worker->lease_ms / 4;
	int64_t beat_us = 0, sweep_us = 0, reclaim_us = clock_mono_us() + (int64_t)reclaim_ms * 1000;
	int64_t minute_us = worker->set->each_minute && !worker->set->drain ? 0 : INT64_MAX;
	int64_t give_back_us, schedule_us;
	struct ctx ctx;
	ctx_init(&ctx);
	do {
		int64_t now_us = clock_mono_us();
		if (now_us >= beat_us) {
			int wait_ms = worker->heartbeat_ms;
			if (beat(&ctx, worker) != OK && wait_ms > RETRY_MS)
				wait_ms = RETRY_MS;
			pool_publish(worker->pool, "worker");
			beat_us = clock_mono_us() + (int64_t)wait_ms * 1000;
		}
		if (now_us >= reclaim_us) {
			if (keeper_reclaim(&ctx, worker->pool))
				worker_look(worker);
			reclaim_us = clock_mono_us() + (int64_t)reclaim_ms * 1000;
		}
		if (now_us >= sweep_us)
			sweep_us = sweep(&ctx, worker);
		if (now_us >= minute_us)
			minute_us = minute(&ctx, worker);
		give_back_us = claim_give_back(&ctx, worker, false);
		schedule_us = schedule_keep(&ctx, worker->pool, &worker->scheduler);
		ctx_reset(&ctx);
	} while (wait_until(worker, earliest(schedule_us, earliest(earliest(beat_us, give_back_us), earliest(minute_us, earliest(reclaim_us, sweep_us))))));
	/* Cron begins another one in a moment, and readiness shall not see a gap. */
	pg_query(&ctx, worker->pool, &SQL_WORKER_GONE, PARAMS(worker->set->max_runtime_s ? NULL : worker->name, worker->host), NULL);
	ctx_free(&ctx);
	return NULL;
}
