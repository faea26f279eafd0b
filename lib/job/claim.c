#include "job/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/policies.h"
#include "metric/metric.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_US 100000
#define HELD_US 1000000

static const struct job_kind *kind_of(const struct worker *worker, const char *name)
{
	const struct job_kind *kind = worker->set->kinds;
	while (kind->policy && strcmp(kind->policy->kind, name))
		kind++;
	return kind->policy ? kind : NULL;
}

static struct claimed *claimed_make(const struct worker *worker, const PGresult *rows, int row)
{
	const char *payload = pg_text(rows, row, "payload"), *org_id = pg_text(rows, row, "org_id");
	size_t bytes = strlen(payload) + 1;
	struct claimed *claimed = calloc(1, sizeof *claimed + bytes);
	if (!claimed)
		abort();
	claimed->kind = kind_of(worker, pg_text(rows, row, "kind"));
	claimed->attempt = (int)pg_number(rows, row, "attempt", 0);
	claimed->attempts = (int)pg_number(rows, row, "attempts", 0);
	claimed->first_attempt = (int)pg_number(rows, row, "first_attempt", 0);
	claimed->begun = pg_true(rows, row, "begun");
	snprintf(claimed->id, sizeof claimed->id, "%s", pg_text(rows, row, "id"));
	snprintf(claimed->org_id, sizeof claimed->org_id, "%s", org_id ? org_id : "");
	memcpy(claimed->payload, payload, bytes);
	return claimed;
}

/* What the next claim looks at first, and how much it may take: see "Order" and "Batches" in job.h. */
static enum job_queue plan(struct worker *worker, int *most_out)
{
	pthread_mutex_lock(&worker->lock);
	unsigned number = ++worker->claims;
	int64_t most = worker->job_us ? (int64_t)BATCH_US * worker->threads / worker->job_us : 1;
	*most_out = most < 1 ? 1 : most < worker->batch ? (int)most : worker->batch;
	pthread_mutex_unlock(&worker->lock);
	return number % 8 == 0 ? JOB_LOW : number % 4 == 2 ? JOB_DEFAULT : JOB_HIGH;
}

static void hold(struct worker *worker, const PGresult *rows, int asked)
{
	int count = PQntuples(rows);
	pthread_mutex_lock(&worker->lock);
	worker->batch = count < asked ? (count > 1 ? count : 1) : worker->batch * 2;
	if (worker->batch > worker->batch_most)
		worker->batch = worker->batch_most;
	for (int i = 1; i < count; i++) {
		struct claimed *claimed = claimed_make(worker, rows, i);
		*worker->held_end = claimed;
		worker->held_end = &claimed->next;
		worker->held_count++;
	}
	if (count > 1) {
		worker->held_us = clock_mono_us();
		worker->held_news = true;
		pthread_cond_signal(&worker->keep);
	}
	pthread_mutex_unlock(&worker->lock);
}

static void observe(const struct worker *worker, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++) {
		char labels[32];
		const struct job_kind *kind = kind_of(worker, pg_text(rows, i, "kind"));
		snprintf(labels, sizeof labels, "queue=\"%s\"", JOB_DEPTH_TARGET[kind->policy->queue].queue);
		histogram_observe(metric_histogram("stoa_job_wait_seconds", labels, "How long due jobs waited for a worker"),
			pg_number(rows, i, "waited_us", 0));
	}
}

static struct claimed *claim(struct runner *runner)
{
	struct worker *worker = runner->worker;
	struct ctx *ctx = &runner->ctx;
	PGresult *rows;
	int most;
	ctx_reset(ctx);
	enum job_queue first = plan(worker, &most);
	enum err err = pg_query(ctx, worker->set->pool, &SQL_JOB_CLAIM, PARAMS(worker->kinds, worker->queues, worker->limits,
		worker->name, pg_int(ctx, worker->lease_ms), pg_int(ctx, first), pg_int(ctx, most)), &rows);
	if (atomic_exchange(&worker->failing, err != OK) != (err != OK))
		LOG(err == OK ? LOG_INFO : LOG_WARN, err == OK ? "worker.recovered" : "worker.cannot-claim",
			LOG_T("message", ctx->fault.internal));
	if (err != OK)
		return NULL;
	hold(worker, rows, most);
	observe(worker, rows);
	return PQntuples(rows) ? claimed_make(worker, rows, 0) : NULL;
}

struct claimed *claim_held(struct worker *worker)
{
	pthread_mutex_lock(&worker->lock);
	struct claimed *claimed = worker->stopping ? NULL : worker->held;
	if (claimed) {
		worker->held = claimed->next;
		if (!worker->held)
			worker->held_end = &worker->held;
		worker->held_count--;
		worker->held_us = clock_mono_us();
		claimed->next = NULL;
	}
	pthread_mutex_unlock(&worker->lock);
	return claimed;
}

/* False: it is not this worker's any more, or nobody can tell; then its lease sees to it. */
static bool begin(struct runner *runner, struct claimed *claimed)
{
	struct ctx *ctx = &runner->ctx;
	PGresult *result;
	ctx_reset(ctx);
	enum err err = pg_query(ctx, runner->worker->set->pool, &SQL_JOB_START, PARAMS(claimed->id, pg_int(ctx, claimed->attempt),
		runner->worker->name, pg_int(ctx, runner->worker->lease_ms)), &result);
	if (err == OK && strtol(PQcmdTuples(result), NULL, 10) == 1) {
		claimed->attempt++;
		claimed->begun = true;
		return true;
	}
	if (err == OK)
		free(claimed);
	else
		claim_release(ctx, runner->worker->set->pool, runner->worker, claimed, true);
	return false;
}

struct claimed *claim_next(struct runner *runner)
{
	struct claimed *claimed;
	while ((claimed = claim_held(runner->worker)))
		if (begin(runner, claimed))
			return claimed;
	return claim(runner);
}

void claim_took(struct worker *worker, int64_t took_us)
{
	pthread_mutex_lock(&worker->lock);
	worker->job_us = worker->job_us ? worker->job_us + (took_us - worker->job_us) / 8 : took_us;
	if (worker->job_us < 1)
		worker->job_us = 1;
	pthread_mutex_unlock(&worker->lock);
}

void claim_release(struct ctx *ctx, struct pool *pool, const struct worker *worker, struct claimed *list, bool uncertain)
{
	int count = 0, at = 0;
	for (const struct claimed *claimed = list; claimed; claimed = claimed->next)
		count++;
	ctx_reset(ctx);
	const char **ids = arena_array(&ctx->arena, (size_t)count + 1, sizeof *ids);
	const char **attempts = arena_array(&ctx->arena, (size_t)count + 1, sizeof *attempts);
	for (struct claimed *claimed = list, *next; claimed; claimed = next) {
		next = claimed->next;
		ids[at] = arena_strdup(&ctx->arena, claimed->id);
		attempts[at++] = pg_int(ctx, claimed->attempt);
		free(claimed);
	}
	/* Once: it may have happened although the answer was lost, and then they are somebody else's. */
	if (count && pg_query(ctx, pool, &SQL_JOB_RELEASE, PARAMS(pg_array(ctx, ids, count), pg_array(ctx, attempts, count), worker->name,
		pg_bool(uncertain)), NULL) != OK)
		LOG(LOG_WARN, "job.not-released", LOG_N("jobs", count), LOG_T("message", ctx->fault.internal));
	ctx_forgive(ctx);
}

int64_t claim_give_back(struct ctx *ctx, struct worker *worker, bool all)
{
	struct claimed *list = NULL;
	int64_t again_us = INT64_MAX;
	pthread_mutex_lock(&worker->lock);
	if (worker->held && (all || clock_mono_us() >= worker->held_us + HELD_US)) {
		list = worker->held;
		worker->held = NULL;
		worker->held_end = &worker->held;
		worker->held_count = 0;
		worker->batch = 1;
	} else if (worker->held) {
		again_us = worker->held_us + HELD_US;
	}
	pthread_mutex_unlock(&worker->lock);
	if (list)
		claim_release(ctx, worker->pool, worker, list, false);
	return again_us;
}
