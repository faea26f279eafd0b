/* What others than the worker do with a job that exists. */
#include "job/job.h"

#include "base/clock.h"
#include "base/turn.h"
#include "job/policies.h"
#include "sql.h"

#include <string.h>
#include <time.h>

#define LOOK_LEAST_MS 10
#define LOOK_MOST_MS 200
#define SPARE_MS 1000

enum err job_status(struct ctx *ctx, struct pool *pool, const char *org_id, const char *id, struct job_status *status_out)
{
	PGresult *rows = NULL;
	if (id_valid(id))
		TRY(pg_query(ctx, pool, &SQL_JOB_STATE, PARAMS(id, org_id), &rows));
	if (!rows || !PQntuples(rows))
		return fail(ctx, ERR_NOT_FOUND, "There is no such job");
	const char *state = pg_text(rows, 0, "state");
	*status_out = (struct job_status){
		.kind = pg_text(rows, 0, "kind"),
		.state = state,
		.finished = strcmp(state, "waiting") && strcmp(state, "running"),
		.cancelling = !strcmp(state, "running") && pg_true(rows, 0, "cancelling"),
		.attempt = (int)pg_number(rows, 0, "attempt", 0),
		.attempts = (int)pg_number(rows, 0, "attempts", 0),
		.progress = (int)pg_number(rows, 0, "progress", -1),
		.note = pg_text(rows, 0, "progress_note"),
		.result = pg_text(rows, 0, "result"),
		.code = pg_text(rows, 0, "code"),
		.message = pg_text(rows, 0, "message"),
	};
	return OK;
}

enum err job_wait(struct ctx *ctx, struct pool *pool, const char *org_id, const char *id, int most_ms, struct job_status *status_out)
{
	int64_t until_us = clock_mono_us() + (int64_t)ctx_left_ms(ctx, most_ms) * 1000;
	bool known = false;
	for (int look_ms = LOOK_LEAST_MS;; look_ms = look_ms < LOOK_MOST_MS / 2 ? look_ms * 2 : LOOK_MOST_MS) {
		struct job_status status;
		enum err err = job_status(ctx, pool, org_id, id, &status);
		if (err == ERR_TIMEOUT && known) { /* the caller's deadline: what was seen last is the answer */
			ctx_forgive(ctx);
			return OK;
		}
		if (err != OK)
			return err;
		known = true;
		*status_out = status;
		int64_t left_ms = (until_us - clock_mono_us()) / 1000;
		if (status_out->finished || left_ms <= 0)
			return OK;
		int64_t rest_ms = left_ms < look_ms ? left_ms : look_ms;
		turn_pass();
		nanosleep(&(struct timespec){.tv_nsec = rest_ms * 1000000}, NULL);
	}
}

/* Why a change of a job by its id met none. */
static enum err refuse(struct ctx *ctx, struct lease *lease, const char *id, const char *why)
{
	PGresult *rows = NULL;
	if (id_valid(id))
		TRY(pg_run(lease, &SQL_JOB_STATE, PARAMS(id, NULL), &rows));
	if (!rows || !PQntuples(rows))
		return fail(ctx, ERR_NOT_FOUND, "There is no such job");
	return fail(ctx, ERR_CONFLICT, "The job is %s: %s", pg_text(rows, 0, "state"), why);
}

enum err job_cancel(struct ctx *ctx, struct lease *lease, const char *id, bool *running_out)
{
	PGresult *rows = NULL;
	if (id_valid(id))
		TRY(pg_run(lease, &SQL_JOB_CANCEL, PARAMS(id), &rows));
	if (!rows || !PQntuples(rows))
		return refuse(ctx, lease, id, "there is nothing to cancel");
	if (running_out)
		*running_out = !strcmp(pg_text(rows, 0, "state"), "running");
	return OK;
}

enum err job_replay(struct ctx *ctx, struct lease *lease, const char *id)
{
	PGresult *rows = NULL;
	if (id_valid(id))
		TRY(pg_run(lease, &SQL_JOB_REPLAY, PARAMS(id), &rows));
	if (!rows || !PQntuples(rows))
		return refuse(ctx, lease, id, "only a dead, cancelled or waiting one is tried again");
	return OK;
}

enum err job_replay_all(struct ctx *ctx, struct lease *lease, const char *org_id, const char *kind, int64_t *count_out)
{
	PGresult *rows;
	if (lease->in_transaction)
		return fail(ctx, ERR_INTERNAL, "All dead jobs are not replayed in one transaction");
	TRY(pg_run_text(lease, "select now() + interval '1 us'", 0, NULL, &rows));
	const char *before = PQgetvalue(rows, 0, 0);
	*count_out = 0;
	for (int64_t batch = -1; batch && ctx_left_ms(ctx, 2 * SPARE_MS) > SPARE_MS; *count_out += batch) {
		TRY(pg_run(lease, &SQL_JOB_REPLAY_ALL, PARAMS(org_id, kind, before), &rows));
		batch = pg_number(rows, 0, "replayed", 0);
	}
	return OK;
}

static const char *pause_name(struct ctx *ctx, const char *kind, enum job_queue queue)
{
	return arena_printf(&ctx->arena, kind ? "kind %s" : "queue %s", kind ? kind : JOB_DEPTH_TARGET[queue].queue);
}

enum err job_pause(struct ctx *ctx, struct lease *lease, const char *kind, enum job_queue queue)
{
	return pg_run(lease, &SQL_JOB_PAUSE, PARAMS(pause_name(ctx, kind, queue), kind, kind ? NULL : pg_int(ctx, queue)), NULL);
}

enum err job_resume(struct ctx *ctx, struct lease *lease, const char *kind, enum job_queue queue)
{
	return pg_run(lease, &SQL_JOB_RESUME, PARAMS(pause_name(ctx, kind, queue)), NULL);
}
