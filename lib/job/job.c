#include "job/job.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "sql.h"
#include "text/json.h"

#include <stdlib.h>
#include <string.h>

#define PROGRESS_SPACING_US 1000000
#define NOTE_MOST 200

/* A NOTIFY takes a global lock at commit, so a process sends at most one in this time. After each that it hears a worker looks again
 * a little later than this, and then later and later until it polls, so a job whose notice was kept back is found too. */
#define NOTIFY_SPACING_US 20000

static bool notify_is_due(void)
{
	static _Atomic int64_t last_us;
	int64_t now_us = clock_mono_us();
	int64_t last = atomic_load_explicit(&last_us, memory_order_relaxed);
	return (!last || now_us - last >= NOTIFY_SPACING_US) && atomic_compare_exchange_strong(&last_us, &last, now_us);
}

enum err job_enqueue(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const struct job_new *job,
	char id_out[ID_TEXT])
{
	return job_enqueue_many(ctx, lease, policy, job, 1, (char (*)[ID_TEXT])id_out);
}

enum err job_enqueue_many(struct ctx *ctx, struct lease *lease, const struct job_policy *policy, const struct job_new *jobs, int count,
	char (*ids_out)[ID_TEXT])
{
	size_t most = count > 0 ? (size_t)count : 0;
	char (*ids)[ID_TEXT] = arena_array(&ctx->arena, most, sizeof *ids);
	const char **columns[5];
	bool due = false;
	PGresult *rows;
	if (!most)
		return OK;
	for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
		columns[i] = arena_array(&ctx->arena, most, sizeof *columns[i]);
	for (int i = 0; i < count; i++) {
		id_new(ids[i]);
		columns[0][i] = ids[i];
		columns[1][i] = jobs[i].org_id;
		columns[2][i] = jobs[i].payload ? jobs[i].payload : "{}";
		columns[3][i] = jobs[i].unique_key;
		columns[4][i] = pg_int(ctx, jobs[i].delay_ms);
		due = due || jobs[i].delay_ms <= 0;
	}
	TRY(pg_run(lease, &SQL_JOB_ENQUEUE, PARAMS(pg_array(ctx, columns[0], count), pg_array(ctx, columns[1], count),
		pg_array(ctx, columns[2], count), pg_array(ctx, columns[3], count), pg_array(ctx, columns[4], count), policy->kind,
		pg_int(ctx, policy->queue), pg_int(ctx, policy->retry.attempts), pg_bool(due && notify_is_due())), &rows));
	/* The rows are sorted by id, and so are the ids of a process. */
	for (int i = 0, row = 0; ids_out && i < count; i++) {
		bool fresh = row < PQntuples(rows) && !strcmp(PQgetvalue(rows, row, 0), ids[i]);
		row += fresh;
		memcpy(ids_out[i], fresh ? ids[i] : "", fresh ? sizeof ids[i] : 1);
	}
	return OK;
}

enum err job_reject(struct ctx *ctx, struct job *job, enum err err)
{
	(void)ctx;
	job->rejected = true;
	return err;
}

enum err job_fence(struct lease *lease, const struct job *job)
{
	PGresult *rows;
	TRY(pg_run(lease, &SQL_JOB_FENCE, PARAMS(job->id, pg_int(lease->ctx, job->attempt)), &rows));
	if (!PQntuples(rows))
		return fail(lease->ctx, ERR_CONFLICT, "Another worker has taken this job over");
	return OK;
}

enum err job_begin(struct ctx *ctx, const struct job *job, struct lease *lease_out)
{
	TRY(lease_take(ctx, job->pool, lease_out));
	enum err err = pg_begin(lease_out);
	if (err == OK)
		err = job_fence(lease_out, job);
	if (err != OK)
		lease_return(lease_out);
	return err;
}

enum err job_commit(struct lease *lease, enum err err)
{
	if (err == OK)
		err = pg_commit(lease);
	lease_return(lease);
	return err;
}

bool job_cancelled(const struct ctx *ctx, const struct job *job)
{
	(void)ctx;
	return job->cancelled && *job->cancelled;
}

/* Text as far as it is UTF-8 and fits. */
static const char *note_cut(struct ctx *ctx, const char *note)
{
	size_t length = strlen(note), at = 0, step;
	while (at < length && (step = utf8_step(note + at, length - at)) && at + step <= NOTE_MOST)
		at += step;
	return arena_memdup(&ctx->arena, note, at);
}

void job_progress(struct ctx *ctx, struct job *job, int percent, const char *note)
{
	int64_t now_us = clock_mono_us();
	struct fault before = ctx->fault;
	PGresult *rows;
	if (job->progress_us && now_us - job->progress_us < PROGRESS_SPACING_US)
		return;
	job->progress_us = now_us;
	percent = percent < 0 ? 0 : percent > 100 ? 100 : percent;
	if (pg_query(ctx, job->pool, &SQL_JOB_PROGRESS, PARAMS(job->id, pg_int(ctx, job->attempt), pg_int(ctx, percent),
		note ? note_cut(ctx, note) : NULL), &rows) != OK)
		ctx->fault = before;
	else if (PQntuples(rows) && pg_true(rows, 0, "cancelled") && job->cancelled)
		*job->cancelled = true;
}

enum err job_result(struct ctx *ctx, struct job *job, struct json_object *result)
{
	struct buffer out = {.limit = JOB_RESULT_MOST};
	json_write(&out, result);
	if (out.failed) {
		buffer_free(&out);
		return fail(ctx, ERR_TOO_LARGE, "The job's result is larger than %d bytes", JOB_RESULT_MOST);
	}
	free(job->result);
	job->result = out.data;
	return OK;
}
