#include "job/schedule.h"

#include "base/clock.h"
#include "base/log.h"
#include "job/cron.h"
#include "metric/metric.h"
#include "sql.h"

#include <stdio.h>

#define SECOND_US INT64_C(1000000)
#define BATCH 100 /* so that a worker's other duties wait for a moment only */
#define LOOK_EVERY_US (10 * SECOND_US)
#define LOOK_SPACING_US SECOND_US /* while what is due is not ours to enqueue */
#define BROKEN_WAIT_US (3600 * SECOND_US)

/* When a schedule is due. Large. */
struct times {
	struct cron cron;
	struct zone zone;
};

static enum err times_open(struct ctx *ctx, const char *cron, const char *zone, struct times *out)
{
	TRY(cron_parse(ctx, cron, &out->cron));
	if (!zone_open(zone, &out->zone))
		return fail_field(ctx, ERR_INVALID, "zone", "The time zone is not known");
	return OK;
}

static enum err declare(struct ctx *ctx, struct pool *pool, const struct schedule *schedule, int64_t now_us)
{
	static const char *const MISSED[] = {[SCHEDULE_ONCE] = "once", [SCHEDULE_SKIP] = "skip"};
	const struct job_policy *policy = schedule->policy;
	struct times *times = arena_alloc(&ctx->arena, sizeof *times);
	char id[ID_TEXT];
	int64_t next_us;
	TRY(times_open(ctx, schedule->cron, schedule->zone, times));
	bool due = cron_next(&times->cron, &times->zone, now_us, &next_us);
	id_new(id);
	return pg_query(ctx, pool, &SQL_SCHEDULE_DECLARE, PARAMS(id, schedule->name, schedule->cron, schedule->zone, policy->kind,
		pg_int(ctx, policy->queue), pg_int(ctx, policy->retry.attempts), schedule->payload ? schedule->payload : "{}",
		MISSED[schedule->missed], due ? pg_int(ctx, next_us) : NULL), NULL);
}

enum err schedule_declare(struct ctx *ctx, struct pool *pool, const struct schedule *schedules, int64_t now_us)
{
	enum err first = OK;
	for (; schedules && schedules->name; schedules++) {
		enum err err = declare(ctx, pool, schedules, now_us);
		if (err != OK && err != ERR_INVALID)
			return err;
		if (first == OK && err != OK) {
			ctx_explain(ctx, "schedule %s", schedules->name);
			first = err;
		}
	}
	return first;
}

static const char *names(struct ctx *ctx, const struct schedule *schedules)
{
	int count = 0;
	while (schedules && schedules[count].name)
		count++;
	const char **items = arena_array(&ctx->arena, (size_t)count + 1, sizeof *items);
	for (int i = 0; i < count; i++)
		items[i] = schedules[i].name;
	return pg_array(ctx, items, count);
}

/* One look at what is due. */
struct tick {
	struct ctx *ctx;
	struct lease *lease;
	const struct schedule *schedules;
	int64_t now_us;
	struct times *times; /* of the schedule that is looked at */
};

/* A row of due.sql; memory of its result. */
struct due {
	const char *id, *org_id, *name, *payload;
	struct job_policy policy; /* what enqueuing needs of it */
	int64_t next_us;
	int64_t window_us;        /* how late a run may be */
};

static struct due due_read(const PGresult *rows, int row)
{
	return (struct due){
		.id = pg_text(rows, row, "id"),
		.org_id = pg_text(rows, row, "org_id"),
		.name = pg_text(rows, row, "name"),
		.payload = pg_text(rows, row, "payload"),
		.policy = {
			.kind = pg_text(rows, row, "kind"),
			.queue = (enum job_queue)pg_number(rows, row, "queue", JOB_DEFAULT),
			.retry = {.attempts = (int)pg_number(rows, row, "attempts", 1)},
		},
		.next_us = pg_number(rows, row, "next_us", 0),
		.window_us = (pg_true(rows, row, "skip") ? SCHEDULE_GRACE_S : SCHEDULE_MISSED_S) * SECOND_US,
	};
}

/* The latest time until now, unless it is too late for it. */
static bool latest(const struct tick *tick, const struct due *due, int64_t *at_us_out)
{
	const struct cron *cron = &tick->times->cron;
	const struct zone *zone = &tick->times->zone;
	int64_t at_us = due->next_us, next_us, late_us = tick->now_us - due->window_us;
	if (at_us <= late_us && (!cron_next(cron, zone, late_us, &at_us) || at_us > tick->now_us))
		return false;
	while (cron_next(cron, zone, at_us, &next_us) && next_us <= tick->now_us)
		at_us = next_us;
	*at_us_out = at_us;
	return true;
}

static void report(const struct tick *tick, const struct due *due, const char *outcome, int64_t at_us, const char *job, const char *message)
{
	char labels[48], time[CLOCK_TEXT];
	snprintf(labels, sizeof labels, "outcome=\"%s\"", outcome);
	counter_add(metric_counter("stoa_schedule_total", labels, "Times that schedules were due by outcome"), 1);
	clock_format(at_us, time);
	LOG(message ? LOG_ERROR : job ? LOG_INFO : LOG_WARN, "schedule", LOG_T("name", due->name), LOG_T("org", due->org_id),
		LOG_T("outcome", outcome), LOG_T("at", time), LOG_R("late_s", (double)(tick->now_us - at_us) / SECOND_US), LOG_T("id", job),
		LOG_T("message", message));
}

static enum err enqueue(const struct tick *tick, const struct due *due, int64_t at_us, char id_out[ID_TEXT])
{
	char time[CLOCK_TEXT];
	clock_format(at_us, time);
	return job_enqueue(tick->ctx, tick->lease, &due->policy, &(struct job_new){
		.org_id = due->org_id,
		.payload = due->payload,
		.unique_key = arena_printf(&tick->ctx->arena, "%s%s%s@%s", due->org_id ? due->org_id : "", due->org_id ? "/" : "", due->name, time),
	}, id_out);
}

static enum err move(const struct tick *tick, const struct due *due, const int64_t *next_us, const int64_t *at_us)
{
	return pg_run(tick->lease, &SQL_SCHEDULE_MOVE, PARAMS(due->id, next_us ? pg_int(tick->ctx, *next_us) : NULL,
		at_us ? pg_int(tick->ctx, *at_us) : NULL), NULL);
}

static enum err postpone(const struct tick *tick, const struct due *due)
{
	int64_t next_us = tick->now_us + BROKEN_WAIT_US;
	report(tick, due, "broken", due->next_us, NULL, tick->ctx->fault.detail);
	ctx_forgive(tick->ctx);
	return move(tick, due, &next_us, NULL);
}

static enum err run(const struct tick *tick, const PGresult *rows, int row)
{
	struct due due = due_read(rows, row);
	int64_t at_us = due.next_us, next_us;
	char job[ID_TEXT];
	if (times_open(tick->ctx, pg_text(rows, row, "cron"), pg_text(rows, row, "zone"), tick->times) != OK)
		return postpone(tick, &due);
	bool in_time = latest(tick, &due, &at_us), again = cron_next(&tick->times->cron, &tick->times->zone, tick->now_us, &next_us);
	if (in_time)
		TRY(enqueue(tick, &due, at_us, job));
	TRY(move(tick, &due, again ? &next_us : NULL, in_time ? &at_us : NULL));
	report(tick, &due, in_time ? "enqueued" : "missed", at_us, in_time ? job : NULL, NULL);
	return OK;
}

/* Within the lease's transaction. Answers how many were due. */
static enum err run_batch(const struct tick *tick, int *count_out)
{
	struct ctx *ctx = tick->ctx;
	PGresult *rows;
	*count_out = 0;
	TRY(pg_run(tick->lease, &SQL_SCHEDULE_LOCK, NULL, &rows));
	if (!pg_true(rows, 0, "ours"))
		return OK;
	TRY(pg_run(tick->lease, &SQL_SCHEDULE_DUE, PARAMS(pg_int(ctx, tick->now_us), names(ctx, tick->schedules), pg_int(ctx, BATCH)), &rows));
	*count_out = PQntuples(rows);
	for (int i = 0; i < *count_out; i++)
		TRY(run(tick, rows, i));
	return OK;
}

enum err schedule_tick(struct ctx *ctx, struct pool *pool, const struct schedule *schedules, int64_t now_us, bool *more_out)
{
	struct lease lease;
	int count = 0;
	TRY(lease_take(ctx, pool, &lease));
	struct tick tick = {ctx, &lease, schedules, now_us, arena_alloc(&ctx->arena, sizeof *tick.times)};
	enum err err = pg_begin(&lease);
	if (err == OK)
		err = run_batch(&tick, &count);
	if (err == OK)
		err = pg_commit(&lease);
	lease_return(&lease);
	*more_out = count == BATCH;
	return err;
}

static enum err declare_once(struct ctx *ctx, struct pool *pool, struct scheduler *scheduler, int64_t now_us)
{
	if (scheduler->declared)
		return OK;
	enum err err = schedule_declare(ctx, pool, scheduler->schedules, now_us);
	if (err != OK && err != ERR_INVALID)
		return err;
	if (err != OK)
		LOG(LOG_ERROR, "schedule.broken", LOG_T("detail", ctx->fault.detail), LOG_T("message", ctx->fault.internal));
	ctx_forgive(ctx);
	scheduler->declared = true;
	return OK;
}

/* Asks without a transaction when the first one is due, and only then for the lock. */
static enum err look(struct ctx *ctx, struct pool *pool, struct scheduler *scheduler, int64_t *wait_us_out)
{
	int64_t now_us = clock_wall_us();
	bool more = false;
	PGresult *rows;
	TRY(declare_once(ctx, pool, scheduler, now_us));
	for (bool ticked = false;; ticked = true) {
		TRY(pg_query(ctx, pool, &SQL_SCHEDULE_FIRST, PARAMS(names(ctx, scheduler->schedules)), &rows));
		*wait_us_out = PQntuples(rows) ? pg_number(rows, 0, "next_us", 0) - now_us : LOOK_EVERY_US;
		if (*wait_us_out > 0 || ticked)
			break;
		TRY(schedule_tick(ctx, pool, scheduler->schedules, now_us, &more));
	}
	if (more)
		*wait_us_out = 0;
	else if (*wait_us_out <= 0)
		*wait_us_out = LOOK_SPACING_US;
	else if (*wait_us_out > LOOK_EVERY_US)
		*wait_us_out = LOOK_EVERY_US;
	return OK;
}

int64_t schedule_keep(struct ctx *ctx, struct pool *pool, struct scheduler *scheduler)
{
	int64_t wait_us;
	if (clock_mono_us() < scheduler->look_us)
		return scheduler->look_us;
	bool failed = look(ctx, pool, scheduler, &wait_us) != OK;
	if (failed != scheduler->failing)
		LOG(failed ? LOG_WARN : LOG_INFO, failed ? "schedules.failing" : "schedules.recovered", LOG_T("detail", ctx->fault.detail),
			LOG_T("message", ctx->fault.internal));
	scheduler->failing = failed;
	if (failed) {
		ctx_forgive(ctx);
		wait_us = LOOK_EVERY_US;
	}
	scheduler->look_us = clock_mono_us() + wait_us;
	return scheduler->look_us;
}
