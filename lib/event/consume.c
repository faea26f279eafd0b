#include "event/event.h"

#include "base/log.h"
#include "job/policies.h"
#include "metric/metric.h"
#include "sql.h"
#include "text/json.h"

#include <stdio.h>
#include <string.h>

#define BATCH 100 /* events a transaction */

enum err event_order(struct lease *lease)
{
	TRY(pg_begin(lease));
	TRY(pg_run(lease, &SQL_EVENT_ORDER_LOCK, NULL, NULL));
	TRY(pg_run(lease, &SQL_EVENT_ORDER, NULL, NULL));
	return pg_commit(lease);
}

static enum err hold(struct ctx *ctx, struct lease *lease, const char *consumer, int64_t *position_out, int64_t *reached_out)
{
	PGresult *held;

	TRY(pg_run(lease, &SQL_EVENT_HOLD, PARAMS(consumer), &held));
	if (!PQntuples(held))
		return fail(ctx, ERR_NOT_FOUND, "There is no consumer of events named %s", consumer);
	*position_out = pg_number(held, 0, "position", 0);
	*reached_out = pg_number(held, 0, "reached", 0);
	return OK;
}

enum err event_read(struct ctx *ctx, struct lease *lease, const char *consumer, int most, struct event_batch *batch_out)
{
	struct event_batch batch = {0};
	int count;

	TRY(hold(ctx, lease, consumer, &batch.from, &batch.reached));
	TRY(pg_run(lease, &SQL_EVENT_READ, PARAMS(pg_int(ctx, batch.from), pg_int(ctx, most)), &batch.rows));
	count = PQntuples(batch.rows);
	batch.to = count ? pg_number(batch.rows, count - 1, "position", 0) : batch.from;
	*batch_out = batch;
	return OK;
}

enum err event_advance(struct ctx *ctx, struct lease *lease, const char *consumer, int64_t position)
{
	return pg_run(lease, &SQL_EVENT_ADVANCE, PARAMS(consumer, pg_int(ctx, position)), NULL);
}

/* Sums over machines are right, as those of a gauge would not be: any worker may be the one that reads. */
static void count(const char *name, const struct consumer *consumer, const char *help, int by)
{
	char labels[80];

	snprintf(labels, sizeof labels, "consumer=\"%s\"", consumer->name);
	counter_add(metric_counter(name, labels, help), (uint64_t)by);
}

struct reading {
	const struct consumer *consumer;
	void *house;
	int most;        /* events a transaction: BATCH, or 1 behind a batch that failed */
	int count;       /* read now */
	int64_t at;      /* the last one's position */
	bool more;
};

static enum err batch_run(struct ctx *ctx, struct lease *lease, struct reading *reading)
{
	const struct consumer *consumer = reading->consumer;
	struct event_batch batch;

	reading->count = 0;
	TRY(pg_begin(lease));
	TRY(event_read(ctx, lease, consumer->name, reading->most, &batch));
	batch.house = reading->house;
	reading->count = PQntuples(batch.rows);
	reading->at = batch.to;
	reading->more = reading->count == reading->most;
	if (!reading->count)
		return pg_commit(lease);
	TRY(consumer->run(ctx, lease, &batch));
	TRY(pg_run(lease, &SQL_EVENT_UNSKIP, PARAMS(consumer->name, pg_int(ctx, batch.from), pg_int(ctx, batch.to)), NULL));
	TRY(event_advance(ctx, lease, consumer->name, batch.to));
	TRY(pg_commit(lease));
	count("stoa_event_read_total", consumer, "Events that consumers have read", reading->count);
	return OK;
}

/* Writes down that the event at reading->at failed, and passes it over after the last try. */
static enum err failure_write(struct ctx *ctx, struct lease *lease, const struct reading *reading, const struct fault *fault, bool *passed_out)
{
	const char *name = reading->consumer->name, *at = pg_int(ctx, reading->at);
	const char *message = arena_printf(&ctx->arena, "%s%s%s", fault->detail, *fault->internal ? ": " : "", fault->internal);
	bool counts = fault->err != ERR_UNAVAILABLE && fault->err != ERR_TIMEOUT && fault->err != ERR_UNCERTAIN;
	int64_t position, reached;
	PGresult *result;

	*passed_out = false;
	TRY(pg_begin(lease));
	TRY(hold(ctx, lease, name, &position, &reached));
	if (position >= reading->at)
		return pg_commit(lease);
	TRY(pg_run(lease, &SQL_EVENT_FAILED, PARAMS(name, at, counts ? "1" : "0", error_code(fault->err), message), &result));
	*passed_out = pg_number(result, 0, "failures", 0) >= EVENT_TRIES;
	if (*passed_out) {
		TRY(pg_run(lease, &SQL_EVENT_SKIP, PARAMS(name, at, error_code(fault->err), message), NULL));
		TRY(event_advance(ctx, lease, name, reading->at));
		LOG(LOG_ERROR, "event.skipped", LOG_T("consumer", name), LOG_N("position", reading->at), LOG_T("code", error_code(fault->err)),
			LOG_T("detail", message));
	}
	return pg_commit(lease);
}

static enum err batch_failed(struct ctx *ctx, struct lease *lease, struct reading *reading, enum err err)
{
	struct fault fault = ctx->fault;
	bool passed = false;

	pg_rollback(lease);
	ctx_forgive(ctx);
	count("stoa_event_failures_total", reading->consumer, "Batches and events that a consumer could not handle", 1);
	if (reading->count > 1) {
		reading->most = 1;
		reading->more = true;
		return OK;
	}
	if (reading->count && failure_write(ctx, lease, reading, &fault, &passed) == OK && passed) {
		count("stoa_event_skipped_total", reading->consumer, "Events that a consumer has passed over", 1);
		reading->most = BATCH;
		reading->more = true;
		return OK;
	}
	ctx->fault = fault;
	return err;
}

static enum err step(struct ctx *ctx, struct pool *pool, struct reading *reading)
{
	struct lease lease;
	enum err err;

	TRY(lease_take(ctx, pool, &lease));
	err = event_order(&lease);
	if (err == OK) {
		err = batch_run(ctx, &lease, reading);
		if (err != OK)
			err = batch_failed(ctx, &lease, reading, err);
	}
	lease_return(&lease);
	return err;
}

enum err event_consume(struct ctx *ctx, struct job *job, const struct consumer *consumer)
{
	struct reading reading = {.consumer = consumer, .house = job->house, .most = BATCH, .more = true};

	while (reading.more && !job_cancelled(ctx, job) && ctx_left_ms(ctx, 1000)) {
		/* Of its own, so that what a batch needed is given back before the next. */
		struct ctx own;
		enum err err;

		ctx_init(&own);
		memcpy(own.id, ctx->id, sizeof own.id);
		own.deadline_us = ctx->deadline_us;
		err = step(&own, job->pool, &reading);
		ctx->queries += own.queries;
		if (err != OK)
			ctx->fault = own.fault;
		ctx_free(&own);
		TRY(err);
	}
	if (job_cancelled(ctx, job))
		return fail(ctx, ERR_GONE, "Cancelled");
	return reading.more ? fail(ctx, ERR_TIMEOUT, "There are more events than one attempt can read") : OK;
}

enum err event_wake_run(struct ctx *ctx, struct job *job)
{
	struct lease lease;
	PGresult *lagging;
	enum err err;

	TRY(lease_take(ctx, job->pool, &lease));
	err = pg_run(&lease, &SQL_EVENT_LAGGING, NULL, &lagging);
	for (int row = 0; err == OK && row < PQntuples(lagging); row++) {
		const char *name = pg_text(lagging, row, "name");

		err = job_enqueue(ctx, &lease, &JOB_EVENT_CONSUME,
			&(struct job_new){.payload = arena_printf(&ctx->arena, "{\"consumer\":\"%s\"}", name), .unique_key = name}, NULL);
	}
	lease_return(&lease);
	return err;
}

static enum err rewind_within(struct ctx *ctx, struct lease *lease, const struct consumer *consumer, int64_t position, bool again,
	int64_t *was_out)
{
	int64_t reached;

	TRY(hold(ctx, lease, consumer->name, was_out, &reached));
	if (position > *was_out)
		return fail(ctx, ERR_INVALID, "%s has read up to position %lld only", consumer->name, (long long)*was_out);
	if (consumer->rewind)
		TRY(consumer->rewind(ctx, lease, position, *was_out));
	TRY(event_advance(ctx, lease, consumer->name, position));
	if (again)
		TRY(pg_run(lease, &SQL_EVENT_AGAIN, PARAMS(consumer->name), NULL));
	return job_enqueue(ctx, lease, &JOB_EVENT_WAKE, &(struct job_new){0}, NULL);
}

enum err event_rewind(struct ctx *ctx, struct lease *lease, const struct consumer *consumer, int64_t position, bool again, int64_t *was_out)
{
	enum err err;

	if (again && !consumer->heeds_reached)
		return fail(ctx, ERR_INVALID, "%s reads everything again anyway", consumer->name);
	TRY(pg_begin(lease));
	err = rewind_within(ctx, lease, consumer, position, again, was_out);
	if (err == OK)
		return pg_commit(lease);
	pg_rollback(lease);
	return err;
}
