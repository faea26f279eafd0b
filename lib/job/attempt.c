#include "job/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"
#include "metric/work.h"
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
	const char *text; /* done, retry, dead, cancelled, lost, unrecorded */
	bool final;       /* no attempt follows a failure */
	int wait_ms;
	char message[sizeof((struct fault *)0)->detail];
	char internal[sizeof((struct fault *)0)->internal];
	uint32_t queries;
	int64_t took_us;
};

static void set_current(struct runner *runner, const struct job *job, int64_t renew_until_us)
{
	pthread_mutex_lock(&runner->worker->lock);
	snprintf(runner->id, sizeof runner->id, "%s", job ? job->id : "");
	runner->cancelled = false;
	runner->attempt = job ? job->attempt : 0;
	runner->renew_until_us = renew_until_us;
	pthread_mutex_unlock(&runner->worker->lock);
}

void attempt_cancel(struct worker *worker, const char *id)
{
	pthread_mutex_lock(&worker->lock);
	for (int i = 0; i < worker->threads; i++)
		if (!strcmp(worker->runners[i].id, id))
			worker->runners[i].cancelled = true;
	pthread_mutex_unlock(&worker->lock);
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

static int wait_ms(const struct job_policy *policy, int tries)
{
	return policy->fixed ? policy->retry.base_ms : retry_wait_ms(&policy->retry, tries);
}

/* Before the ctx is used again for saying how it went. */
static void measure(struct ctx *ctx, const char *kind, int64_t took_us)
{
	char route[80];
	int64_t parts_us[WORK_PARTS];
	snprintf(route, sizeof route, "job:%s", kind);
	struct work_series series = {.route = route, .method = ""};
	work_split(ctx, took_us, parts_us);
	work_parts_add(&series, parts_us);
	work_statements_add(&series, ctx);
}

static void run(struct ctx *ctx, const struct claimed *claimed, struct job *job, struct outcome *outcome)
{
	const struct job_kind *kind = claimed->kind;
	int64_t began_us = clock_mono_us();
	ctx_reset(ctx);
	memcpy(ctx->id, job->id, sizeof ctx->id);
	ctx->deadline_us = began_us + (int64_t)kind->policy->deadline_ms * 1000;
	enum err err = json_read(ctx, claimed->payload, strlen(claimed->payload), PAYLOAD_DEPTH, &job->payload);
	if (err == OK)
		err = kind->run(ctx, job);
	*outcome = (struct outcome){
		.err = err,
		.final = job->last || job->rejected,
		.wait_ms = wait_ms(kind->policy, claimed->attempt - claimed->first_attempt),
		.queries = ctx->queries,
		.took_us = clock_mono_us() - began_us,
	};
	measure(ctx, job->kind, outcome->took_us);
	if (err == OK)
		return;
	copy_message(outcome->message, sizeof outcome->message, ctx->fault.detail[0] ? ctx->fault.detail : error_title(err));
	copy_message(outcome->internal, sizeof outcome->internal, ctx->fault.internal);
}

/* How the outcome is written down; with it the job that comes next is begun, if there is one. */
struct record {
	struct runner *runner;
	const struct job *job;
	const struct outcome *outcome;
	struct claimed *next;
	bool ours;
	const char *text;
};

static enum err record_done(struct record *record)
{
	struct worker *worker = record->runner->worker;
	struct ctx *ctx = &record->runner->ctx;
	const struct claimed *next = record->next;
	PGresult *result;
	TRY(pg_query(ctx, worker->set->pool, &SQL_JOB_DONE, PARAMS(record->job->id, pg_int(ctx, record->job->attempt), record->job->result,
		next ? next->id : NULL, next ? pg_int(ctx, next->attempt) : NULL, worker->name, pg_int(ctx, worker->lease_ms)), &result));
	record->ours = pg_true(result, 0, "ours");
	record->text = "done";
	if (next && pg_true(result, 0, "begun")) {
		record->next->attempt++;
		record->next->begun = true;
		record->runner->next = record->next;
	} else {
		free(record->next);
	}
	record->next = NULL;
	return OK;
}

static enum err record_failure(struct record *record)
{
	struct ctx *ctx = &record->runner->ctx;
	const struct outcome *outcome = record->outcome;
	PGresult *result;
	TRY(pg_query(ctx, record->runner->worker->set->pool, &SQL_JOB_FAIL, PARAMS(record->job->id, pg_int(ctx, record->job->attempt),
		pg_bool(outcome->final), pg_int(ctx, outcome->wait_ms), error_code(outcome->err), outcome->message), &result));
	record->ours = PQntuples(result) > 0;
	const char *state = record->ours ? pg_text(result, 0, "state") : outcome->final ? "dead" : "waiting";
	record->text = !strcmp(state, "waiting") ? "retry" : !strcmp(state, "dead") ? "dead" : "cancelled";
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
	struct record record = {.runner = runner, .job = job, .outcome = outcome, .next = outcome->err == OK ? claim_held(worker) : NULL};
	int64_t until_us = clock_mono_us() + (int64_t)worker->lease_ms * 1000;
	bool uncertain = false;
	for (int attempt = 1;; attempt++) {
		ctx_reset(ctx);
		memcpy(ctx->id, job->id, sizeof ctx->id);
		enum err err = outcome->err == OK ? record_done(&record) : record_failure(&record);
		if (err == OK)
			return record.ours || uncertain ? record.text : "lost";
		uncertain = uncertain || err == ERR_UNCERTAIN;
		if (record.next) /* it may have been begun, so it cannot be asked for again */
			claim_release(ctx, worker->set->pool, worker, record.next, true);
		record.next = NULL;
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
	bool good = !strcmp(outcome->text, "done") || !strcmp(outcome->text, "cancelled");
	LOG(good ? LOG_INFO : !strcmp(outcome->text, "dead") ? LOG_ERROR : LOG_WARN, "job",
		LOG_T("id", job->id), LOG_T("kind", job->kind), LOG_T("org", job->org_id[0] ? job->org_id : NULL),
		LOG_N("attempt", job->attempt), LOG_T("outcome", outcome->text), LOG_R("ms", (double)outcome->took_us / 1000),
		LOG_N("queries", outcome->queries), LOG_T("code", failed ? error_code(outcome->err) : NULL),
		LOG_T("detail", failed ? outcome->message : NULL), LOG_T("internal", outcome->internal[0] ? outcome->internal : NULL));
}

static void job_make(const struct runner *runner, const struct claimed *claimed, struct job *job_out)
{
	*job_out = (struct job){
		.kind = claimed->kind->policy->kind,
		.attempt = claimed->attempt,
		.attempts = claimed->attempts,
		.last = claimed->attempt >= claimed->attempts,
		.pool = runner->worker->set->pool,
		.house = runner->worker->set->house,
	};
	memcpy(job_out->id, claimed->id, sizeof job_out->id);
	memcpy(job_out->org_id, claimed->org_id, sizeof job_out->org_id);
}

bool attempt_next(struct runner *runner)
{
	struct job job;
	struct outcome outcome;
	struct claimed *claimed = runner->next ? runner->next : claim_next(runner);
	runner->next = NULL;
	if (!claimed)
		return false;
	worker_look(runner->worker); /* where one was due there may be more */
	job_make(runner, claimed, &job);
	job.cancelled = &runner->cancelled;
	set_current(runner, &job, clock_mono_us() + (int64_t)claimed->kind->policy->deadline_ms * 1000);
	run(&runner->ctx, claimed, &job, &outcome);
	claim_took(runner->worker, outcome.took_us);
	outcome.text = settle(runner, &job, &outcome);
	set_current(runner, NULL, 0);
	report(&job, &outcome);
	free(job.result);
	free(claimed);
	ctx_reset(&runner->ctx);
	return true;
}
