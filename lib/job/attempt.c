#include "job/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "metric/metric.h"
#include "sql.h"
#include "text/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAYLOAD_DEPTH 64

/* What remains of an attempt when its ctx is gone. */
struct outcome {
	enum err err;
	const char *text; /* done, retry, dead, lost, unrecorded */
	bool final;       /* no attempt follows a failure */
	int wait_ms;
	char message[sizeof((struct fault *)0)->detail];
	char internal[sizeof((struct fault *)0)->internal];
	uint32_t queries;
	int64_t took_us;
};

static const struct job_kind *kind_of(const struct worker *worker, const char *name)
{
	const struct job_kind *kind = worker->set->kinds;
	while (kind->policy && strcmp(kind->policy->kind, name))
		kind++;
	return kind->policy ? kind : NULL;
}

static const struct job_kind *claim(struct runner *runner, struct job *job, const char **payload_out)
{
	struct worker *worker = runner->worker;
	struct ctx *ctx = &runner->ctx;
	PGresult *rows;
	ctx_reset(ctx);
	enum err err = pg_query(ctx, worker->set->pool, &SQL_JOB_CLAIM, PARAMS(worker->kinds, worker->name,
		pg_int(ctx, worker->lease_ms)), &rows);
	if (atomic_exchange(&worker->failing, err != OK) != (err != OK))
		LOG(err == OK ? LOG_INFO : LOG_WARN, err == OK ? "worker.recovered" : "worker.cannot-claim",
			LOG_T("message", ctx->fault.internal));
	if (err != OK || !PQntuples(rows))
		return NULL;
	const struct job_kind *kind = kind_of(worker, pg_text(rows, 0, "kind"));
	const char *org_id = pg_text(rows, 0, "org_id");
	*job = (struct job){
		.kind = kind->policy->kind,
		.attempt = (int)pg_number(rows, 0, "attempt", 0),
		.attempts = (int)pg_number(rows, 0, "attempts", 0),
		.pool = worker->set->pool,
		.house = worker->set->house,
	};
	job->last = job->attempt >= job->attempts;
	snprintf(job->id, sizeof job->id, "%s", pg_text(rows, 0, "id"));
	snprintf(job->org_id, sizeof job->org_id, "%s", org_id ? org_id : "");
	*payload_out = pg_text(rows, 0, "payload");
	return kind;
}

static void set_current(struct runner *runner, const struct job *job, int64_t renew_until_us)
{
	pthread_mutex_lock(&runner->worker->lock);
	snprintf(runner->id, sizeof runner->id, "%s", job ? job->id : "");
	runner->attempt = job ? job->attempt : 0;
	runner->renew_until_us = renew_until_us;
	pthread_mutex_unlock(&runner->worker->lock);
}

/* The queue's column takes UTF-8 only, and a message may have been cut within a character. */
static void copy_message(char *out, size_t room, const char *text)
{
	size_t length = strlen(text), at = 0, written = 0;
	while (at < length && written + 4 < room) {
		size_t step = utf8_step(text + at, length - at);
		if (step)
			memcpy(out + written, text + at, step);
		else
			out[written] = '?';
		at += step ? step : 1;
		written += step ? step : 1;
	}
	out[written] = 0;
}

static void run(struct ctx *ctx, const struct job_kind *kind, struct job *job, const char *payload, struct outcome *outcome)
{
	int64_t began_us = clock_mono_us();
	memcpy(ctx->id, job->id, sizeof ctx->id);
	ctx->queries = 0; /* the claim is not the job's */
	ctx->deadline_us = began_us + (int64_t)kind->policy->deadline_ms * 1000;
	enum err err = json_read(ctx, payload, strlen(payload), PAYLOAD_DEPTH, &job->payload);
	if (err == OK)
		err = kind->run(ctx, job);
	*outcome = (struct outcome){
		.err = err,
		.final = job->last || job->rejected,
		.wait_ms = kind->policy->fixed ? kind->policy->retry.base_ms : retry_wait_ms(&kind->policy->retry, job->attempt),
		.queries = ctx->queries,
		.took_us = clock_mono_us() - began_us,
	};
	if (err == OK)
		return;
	copy_message(outcome->message, sizeof outcome->message, ctx->fault.detail[0] ? ctx->fault.detail : error_title(err));
	copy_message(outcome->internal, sizeof outcome->internal, ctx->fault.internal);
}

static enum err record(struct ctx *ctx, struct pool *pool, const struct job *job, const struct outcome *outcome, bool *ours_out)
{
	PGresult *result;
	const char *attempt = pg_int(ctx, job->attempt);
	if (outcome->err == OK)
		TRY(pg_query(ctx, pool, &SQL_JOB_DONE, PARAMS(job->id, attempt), &result));
	else
		TRY(pg_query(ctx, pool, &SQL_JOB_FAIL, PARAMS(job->id, attempt, pg_bool(outcome->final),
			pg_int(ctx, outcome->wait_ms), error_code(outcome->err), outcome->message), &result));
	*ours_out = strtol(PQcmdTuples(result), NULL, 10) > 0;
	return OK;
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* Says how it went, for as long as the job can still be expected to be ours. */
static const char *settle(struct runner *runner, const struct job *job, const struct outcome *outcome)
{
	static const struct retry_policy PATIENCE = {.base_ms = 50, .cap_ms = 1000};
	struct worker *worker = runner->worker;
	struct ctx *ctx = &runner->ctx;
	int64_t until_us = clock_mono_us() + (int64_t)worker->lease_ms * 1000;
	bool uncertain = false;
	for (int attempt = 1;; attempt++) {
		bool ours;
		ctx_reset(ctx);
		memcpy(ctx->id, job->id, sizeof ctx->id);
		enum err err = record(ctx, worker->set->pool, job, outcome, &ours);
		if (err == OK && !ours && !uncertain)
			return "lost";
		if (err == OK)
			return outcome->err == OK ? "done" : outcome->final ? "dead" : "retry";
		uncertain = uncertain || err == ERR_UNCERTAIN;
		bool passing = err == ERR_UNCERTAIN || err == ERR_UNAVAILABLE || err == ERR_TIMEOUT || err == ERR_CONFLICT;
		if (!passing || clock_mono_us() >= until_us)
			return "unrecorded";
		pause_ms(retry_wait_ms(&PATIENCE, attempt));
	}
}

static void report(const struct job *job, const struct outcome *outcome)
{
	char labels[160];
	snprintf(labels, sizeof labels, "kind=\"%s\",outcome=\"%s\"", job->kind, outcome->text);
	counter_add(metric_counter("stoa_job_attempts_total", labels, "Attempts at jobs by kind and outcome"), 1);
	snprintf(labels, sizeof labels, "kind=\"%s\"", job->kind);
	histogram_observe(metric_histogram("stoa_job_duration_seconds", labels, "Duration of attempts at jobs"), outcome->took_us);
	bool failed = outcome->err != OK;
	bool good = !strcmp(outcome->text, "done");
	LOG(good ? LOG_INFO : !strcmp(outcome->text, "dead") ? LOG_ERROR : LOG_WARN, "job",
		LOG_T("id", job->id), LOG_T("kind", job->kind), LOG_T("org", job->org_id[0] ? job->org_id : NULL),
		LOG_N("attempt", job->attempt), LOG_T("outcome", outcome->text), LOG_R("ms", (double)outcome->took_us / 1000),
		LOG_N("queries", outcome->queries), LOG_T("code", failed ? error_code(outcome->err) : NULL),
		LOG_T("detail", failed ? outcome->message : NULL), LOG_T("internal", outcome->internal[0] ? outcome->internal : NULL));
}

bool attempt_next(struct runner *runner)
{
	struct job job;
	struct outcome outcome;
	const char *payload;
	const struct job_kind *kind = claim(runner, &job, &payload);
	if (!kind)
		return false;
	worker_look(runner->worker); /* where one was due there may be more */
	set_current(runner, &job, clock_mono_us() + (int64_t)kind->policy->deadline_ms * 1000);
	run(&runner->ctx, kind, &job, payload, &outcome);
	outcome.text = settle(runner, &job, &outcome);
	set_current(runner, NULL, 0);
	report(&job, &outcome);
	ctx_reset(&runner->ctx);
	return true;
}
